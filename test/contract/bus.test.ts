import mqtt from 'mqtt';
import { EmbeddedBroker } from '../../src/adapters/aedes/embedded-broker.ts';
import { MqttBus } from '../../src/adapters/mqtt/mqtt-bus.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { FakeBus, FakeHub } from '../fakes/bus.ts';
import { FakeLog } from '../fakes/log.ts';
import { MOSQUITTO, Mosquitto } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';
import { type BusBench, describeBus } from './bus-contract.ts';

describeBus('the fake', async () => fakeBench());
describeBus('MQTT 3.1.1 on the embedded broker', async () => brokerBench(await embedded(), 4));
describeBus('MQTT 3.1.1 on mosquitto', async (context) => brokerBench(await mosquitto(context), 4));
describeBus('MQTT 5 on mosquitto', async (context) => brokerBench(await mosquitto(context), 5));

type Broker = { readonly url: string; cut(): Promise<void>; restore(): Promise<void>; close(): Promise<void> };

function fakeBench(): BusBench {
  const hub = new FakeHub();
  const bus = new FakeBus(hub);
  return {
    bus,
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
