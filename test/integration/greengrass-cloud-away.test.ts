import assert from 'node:assert/strict';
import mqtt, { type MqttClient } from 'mqtt';
import { iotCoreBus } from '../../src/adapters/greengrass/iot-core-bus.ts';
import { IpcLink } from '../../src/adapters/greengrass/link.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { Counters } from '../../src/agent/metrics.ts';
import { Sender } from '../../src/agent/sender.ts';
import { DEVICE_COUNTERS } from '../../src/domain/metrics.ts';
import type { Bus } from '../../src/ports/bus.ts';
import { IotCoreBroker } from '../../src/sim/nucleus/iot-core-broker.ts';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { FakeLog } from '../fakes/log.ts';
import { FakeOutbox } from '../fakes/outbox.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { startTestNucleusIpc, type TestNucleusIpc } from '../fixtures/nucleus-ipc.ts';
import { Way } from '../fixtures/way.ts';

const THING = 'press-1';
const ALARMS = `dt/edge-agent/${THING}/alarm`;
const COMMANDS = `cmd/edge-agent/${THING}/+`;

describe('AWS IoT Core goes away and comes back', function () {
  this.timeout(60_000);
  let broker: IotCoreBroker;
  let nucleus: TestNucleusIpc;
  let link: IpcLink;
  let bus: Bus;
  let outbox: FakeOutbox;
  let sender: Sender;
  let cloud: MqttClient;
  let way: Way;
  const arrived = new Set<string>();
  const commands: string[] = [];

  /** `settleMs`: after which an acknowledged alarm is let go; two minutes unless given. */
  async function start(mode: NucleusMode, settleMs?: number): Promise<void> {
    broker = new IotCoreBroker();
    const url = await broker.start();
    way = new Way(Number(new URL(url).port));
    const brokerUrl = await way.open();
    cloud = await mqtt.connectAsync(url, { clientId: 'cloud' });
    cloud.on('message', (_topic, payload) => arrived.add(payload.toString()));
    await cloud.subscribeAsync(ALARMS, { qos: 1 });
    nucleus = await startTestNucleusIpc({ mode, brokerUrl, thing: THING });
    const needs = { clock: systemClock, log: new FakeLog(), random: () => 0 };
    link = new IpcLink({ socketPath: nucleus.socketPath, token: nucleus.svcuid, ...needs });
    bus = iotCoreBus({ link, kind: mode, thing: THING, settleMs, ...needs });
    bus.subscribe(COMMANDS, 1, ({ payload }) => {
      commands.push(Buffer.from(payload).toString());
    });
    // Three attempts and a message is given up: an outage must not count as attempts.
    outbox = new FakeOutbox({ maxTries: 3 });
    await outbox.start();
    const counters = new Counters(DEVICE_COUNTERS);
    sender = new Sender({ bus, routes: ['iotcore'], outbox, counters, clock: systemClock, log: new FakeLog() });
    sender.start();
    await link.start();
    await bus.start();
    arrived.clear();
    commands.length = 0;
  }

  afterEach(async () => {
    await sender.stop(100);
    await bus.stop(1_000);
    await link.stop(1_000);
    await nucleus.close();
    await cloud.endAsync(true);
    await way.close();
    await broker.stop();
  });

  async function raise(id: string): Promise<void> {
    await outbox.put([{ id, class: 'alarm', topic: `iotcore:${ALARMS}`, payload: Buffer.from(id) }]);
  }

  const rows = () => outbox.stats().rows;

  it('while the nucleus has said yes to alarms, and dies with them in its spool: they arrive all the same', async () => {
    await start('classic');
    await waitFor('the bus', () => bus.state === 'online');
    await raise('before');
    await waitFor('the first alarm', () => arrived.has('before'));
    await way.close();
    await waitFor('the nucleus to notice', () => !nucleus.isOnline());
    const ids = Array.from({ length: 30 }, (_, i) => `spooled ${i}`);
    const passed: string[] = [];
    const publishAcked = bus.publishAcked.bind(bus);
    bus.publishAcked = async (message) => {
      const sent = await publishAcked(message);
      if (sent.ok) passed.push(String(message.payload));
      return sent;
    };
    for (const id of ids) await raise(id);
    await waitFor('all of them acknowledged', () => passed.length === ids.length);
    assert.deepEqual([...arrived], ['before']);
    await nucleus.cut();
    await nucleus.restart();
    await way.open();
    await waitFor('all alarms', () => ids.every((id) => arrived.has(id)), 30_000);
    assert.deepEqual(outbox.quarantine, []);
  });

  for (const mode of ['classic', 'lite'] satisfies NucleusMode[]) {
    it(`keeps alarms in the outbox, and sends them all afterwards: ${mode}`, async () => {
      await start(mode, 500);
      await waitFor('the bus', () => bus.state === 'online');
      await raise('before');
      await waitFor('the first alarm', () => arrived.has('before') && rows() === 0);
      await way.close();
      await waitFor('the nucleus to notice', () => !nucleus.isOnline());
      bus.publishDirect([{ topic: `dt/edge-agent/${THING}/inference`, payload: 'x' }]);
      await waitFor('the bus to notice', () => bus.state === 'offline');
      assert.equal(bus.lastError?.code, 'E_BUS_UNREACHABLE');
      const ids = Array.from({ length: 30 }, (_, i) => `during ${i}`);
      for (const id of ids) await raise(id);
      // Some attempts of the bus to find the cloud.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      assert.equal(rows(), ids.length, 'nothing is sent into the void');
      await way.open();
      await waitFor('all alarms', () => ids.every((id) => arrived.has(id)));
      await waitFor('an empty outbox', () => rows() === 0);
      assert.deepEqual(outbox.quarantine, []);
      await waitFor('a command', async () => {
        await cloud.publishAsync(`cmd/edge-agent/${THING}/status`, 'again', { qos: 1 });
        return commands.length > 0;
      });
    });

    it(`was away from the beginning: ${mode}`, async () => {
      await start(mode);
      await way.close();
      await nucleus.cut();
      await nucleus.restart();
      await raise('early');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.equal(rows(), 1);
      await way.open();
      await waitFor('the alarm', () => arrived.has('early'), 30_000);
      await waitFor('a command', async () => {
        await cloud.publishAsync(`cmd/edge-agent/${THING}/status`, 'late', { qos: 1 });
        return commands.length > 0;
      });
      assert.deepEqual(outbox.quarantine, []);
    });
  }
});
