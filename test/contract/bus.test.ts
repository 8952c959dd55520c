import mqtt from 'mqtt';
import { EmbeddedBroker } from '../../src/adapters/aedes/embedded-broker.ts';
import { iotCoreBus } from '../../src/adapters/greengrass/iot-core-bus.ts';
import { IpcLink } from '../../src/adapters/greengrass/link.ts';
import { localBus } from '../../src/adapters/greengrass/local-bus.ts';
import { MqttBus } from '../../src/adapters/mqtt/mqtt-bus.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { IotCoreBroker } from '../../src/sim/nucleus/iot-core-broker.ts';
import { FakeBus, FakeHub } from '../fakes/bus.ts';
import { FakeLog } from '../fakes/log.ts';
import { MOSQUITTO, Mosquitto } from '../fixtures/mosquitto.ts';
import { startTestNucleusIpc } from '../fixtures/nucleus-ipc.ts';
import { skip } from '../skip.ts';
import { type BusBench, describeBus } from './bus-contract.ts';

describeBus('the fake', async () => fakeBench());
describeBus('MQTT 3.1.1 on the embedded broker', async () => brokerBench(await embedded(), 4));
describeBus('MQTT 3.1.1 on mosquitto', async (context) => brokerBench(await mosquitto(context), 4));
describeBus('MQTT 5 on mosquitto', async (context) => brokerBench(await mosquitto(context), 5));
for (const kind of ['classic', 'lite'] as const) {
  describeBus(`Greengrass local publish/subscribe, ${kind}`, () => localBench(kind));
  describeBus(`AWS IoT Core through Greengrass, ${kind}`, () => iotCoreBench(kind));
}

type Broker = { readonly url: string; cut(): Promise<void>; restore(): Promise<void>; close(): Promise<void> };

function fakeBench(): BusBench {
  const hub = new FakeHub();
  const bus = new FakeBus(hub);
  return {
    bus,
    retains: false,
    publish: async (message) => hub.publish(message),
    get seen() {
      return hub.on('t/#').map(({ topic, payload }) => ({ topic, payload: Buffer.from(payload).toString() }));
    },
    cut: async () => bus.goOffline(),
    restore: async () => bus.goOnline(),
    close: async () => {},
  };
}

async function brokerBench(broker: Broker, version: 4 | 5): Promise<BusBench> {
  const bus = new MqttBus({
    url: broker.url,
    version,
    clientId: 'bus-under-test',
    clock: systemClock,
    log: new FakeLog(),
    random: () => 0,
  });
  const other = await mqtt.connectAsync(broker.url, { clientId: 'other', reconnectPeriod: 50 });
  const seen: { topic: string; payload: string }[] = [];
  other.on('message', (topic, payload) => seen.push({ topic, payload: payload.toString() }));
  await other.subscribeAsync('t/#', { qos: 1 });
  return {
    bus,
    seen,
    retains: true,
    publish: async ({ topic, payload }) => {
      await other.publishAsync(topic, typeof payload === 'string' ? payload : Buffer.from(payload), { qos: 1 });
    },
    cut: broker.cut,
    restore: broker.restore,
    close: async () => {
      await other.endAsync(true);
      await broker.close();
    },
  };
}

async function embedded(): Promise<Broker> {
  let broker = new EmbeddedBroker({ port: 0, log: new FakeLog() });
  const started = await broker.start();
  if (!started.ok) throw new Error(started.error.message);
  const { url, port } = started.value;
  return {
    url,
    cut: () => broker.stop(),
    restore: async () => {
      broker = new EmbeddedBroker({ port, log: new FakeLog() });
      await broker.start();
    },
    close: () => broker.stop(),
  };
}

async function mosquitto(context: Mocha.Context): Promise<Broker> {
  if (MOSQUITTO === undefined) skip(context, 'mosquitto is not installed');
  const broker = await Mosquitto.start();
  return {
    url: broker.url,
    cut: () => broker.kill(),
    restore: () => broker.start(),
    close: () => broker.stop(),
  };
}

/** The real SDK client on the IPC of a simulated nucleus; the test is another component. */
async function localBench(kind: 'classic' | 'lite'): Promise<BusBench> {
  const nucleus = await startTestNucleusIpc({ mode: kind });
  const needs = { clock: systemClock, log: new FakeLog(), random: () => 0 };
  const link = new IpcLink({ socketPath: nucleus.socketPath, token: nucleus.svcuid, ...needs });
  await link.start();
  const seen: { topic: string; payload: string }[] = [];
  nucleus.pubsub.subscribe({
    filter: 't/#',
    component: 'other',
    deliver: (topic, message) => {
      const bytes = message.kind === 'binary' ? Buffer.from(message.base64, 'base64') : JSON.stringify(message.message);
      seen.push({ topic, payload: bytes.toString() });
    },
  });
  return {
    bus: localBus({ link, kind, thing: nucleus.thing, ...needs }),
    seen,
    retains: false,
    unreachable: 'E_IPC_UNREACHABLE',
    publish: async ({ topic, payload }) => {
      nucleus.pubsub.publish('other', topic, { kind: 'binary', base64: Buffer.from(payload).toString('base64') });
    },
    cut: () => nucleus.cut(),
    restore: () => nucleus.restart(),
    close: async () => {
      await link.stop(1_000);
      await nucleus.close();
    },
  };
}

/** As above; the test is a client of the broker that stands for AWS IoT Core. */
async function iotCoreBench(kind: 'classic' | 'lite'): Promise<BusBench> {
  const broker = new IotCoreBroker();
  const brokerUrl = await broker.start();
  const nucleus = await startTestNucleusIpc({ mode: kind, brokerUrl });
  const needs = { clock: systemClock, log: new FakeLog(), random: () => 0 };
  const link = new IpcLink({ socketPath: nucleus.socketPath, token: nucleus.svcuid, ...needs });
  await link.start();
  const other = await mqtt.connectAsync(brokerUrl, { clientId: 'other', reconnectPeriod: 50 });
  const seen: { topic: string; payload: string }[] = [];
  other.on('message', (topic, payload) => seen.push({ topic, payload: payload.toString() }));
  await other.subscribeAsync('t/#', { qos: 1 });
  return {
    bus: iotCoreBus({ link, kind, thing: nucleus.thing, ...needs }),
    seen,
    retains: kind === 'classic',
    unreachable: 'E_IPC_UNREACHABLE',
    publish: async ({ topic, payload }) => {
      await other.publishAsync(topic, Buffer.from(payload), { qos: 1 });
    },
    cut: () => nucleus.cut(),
    restore: () => nucleus.restart(),
    close: async () => {
      await link.stop(1_000);
      await nucleus.close();
      await other.endAsync(true);
      await broker.stop();
    },
  };
}
