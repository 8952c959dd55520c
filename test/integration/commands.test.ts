import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt';
import { EmbeddedBroker } from '../../src/adapters/aedes/embedded-broker.ts';
import { MqttBus } from '../../src/adapters/mqtt/mqtt-bus.ts';
import { SqliteOutbox } from '../../src/adapters/sqlite/outbox.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { Commands } from '../../src/agent/commands/commands.ts';
import { Sender } from '../../src/agent/sender.ts';
import type { Reply } from '../../src/domain/command.ts';
import { until } from '../contract/bus-contract.ts';
import { FakeControls } from '../fakes/controls.ts';
import { FakeLog } from '../fakes/log.ts';
import { MOSQUITTO, Mosquitto } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

const THING = 'edge-1';
const TOPIC = `cmd/edge-agent/${THING}`;

type Broker = { readonly url: string; stop(): Promise<void> };

async function embedded(): Promise<Broker> {
  const broker = new EmbeddedBroker({ port: 0, log: new FakeLog() });
  const started = await broker.start();
  assert.ok(started.ok);
  return { url: started.value.url, stop: () => broker.stop() };
}

async function mosquitto(): Promise<Broker> {
  const broker = await Mosquitto.start();
  return { url: broker.url, stop: () => broker.stop() };
}

for (const [name, version, open] of [
  ['the embedded broker', 4, embedded],
  ['mosquitto with MQTT 5', 5, mosquitto],
] as const) {
  describe(`commands through ${name}`, function () {
    this.timeout(20_000);
    let broker: Broker;
    let operator: MqttClient;
    let folder: string;
    let device: Device | undefined;
    let replies: { readonly topic: string; readonly reply: Reply; readonly packet: IPublishPacket }[];

    before(function () {
      if (open === mosquitto && MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
    });

    beforeEach(async () => {
      broker = await open();
      folder = await mkdtemp(join(tmpdir(), 'commands-'));
      operator = await mqtt.connectAsync(broker.url, { protocolVersion: version, reconnectPeriod: 0 });
      replies = [];
      operator.on('message', (topic, payload, packet) => {
        replies.push({ topic, reply: JSON.parse(payload.toString()), packet });
      });
      await operator.subscribeAsync([`${TOPIC}/+/reply`, 'ops/inbox'], { qos: 1 });
      device = await startDevice(broker.url, version, folder);
    });

    afterEach(async () => {
      await device?.stop();
      await operator?.endAsync(true);
      await broker?.stop();
      if (folder !== undefined) await rm(folder, { recursive: true });
    });

    const send = (verb: string, body: object, properties?: mqtt.IClientPublishOptions['properties']) => {
      const now = Date.now();
      const payload = JSON.stringify({ verb, issuedAt: now, expiresAt: now + 60_000, ...body });
      return operator.publishAsync(`${TOPIC}/${verb}`, payload, { qos: 1, ...(properties && { properties }) });
    };
    const told = () => replies.map(({ reply }) => `${reply.id} ${reply.status}`);

    it('are accepted and answered on the default topic', async () => {
      await send('status', { id: 'a', correlationId: 'c-1' });
      await until(() => replies.length === 2);
      assert.deepEqual(told(), ['a accepted', 'a succeeded']);
      assert.equal(replies[1]?.topic, `${TOPIC}/status/reply`);
      assert.equal(replies[1]?.reply.correlationId, 'c-1');
      assert.partialDeepStrictEqual(replies[1]?.reply.result, { verdict: 'healthy', agents: [{ name: 'press' }] });
    });

    it('are executed once, also when the agent was restarted in between', async () => {
      await send('reload', { id: 'a' });
      await until(() => replies.length === 2);
      assert.equal(device?.controls.reloads, 1);
      await device?.stop();
      device = await startDevice(broker.url, version, folder);
      await send('reload', { id: 'a' });
      await until(() => replies.length === 3);
      assert.deepEqual(told(), ['a accepted', 'a succeeded', 'a succeeded']);
      assert.equal(device.controls.reloads, 0);
    });

    it('take a whole window of numbers', async () => {
      const values = Array.from({ length: 4_096 }, (_, i) => Math.sin(i));
      await send('infer', { id: 'a', args: { values } });
      await until(() => replies.length === 2);
      assert.equal(replies[1]?.reply.status, 'succeeded');
      assert.equal(device?.controls.agent().inferred[0]?.values.length, 4_096);
    });

    it('are rejected with the reason, and the others go on', async () => {
      await operator.publishAsync(`${TOPIC}/status`, 'nonsense', { qos: 1 });
      await send('explode', { id: 'a' });
      await send('status', { id: 'b', expiresAt: Date.now() - 1, issuedAt: Date.now() - 9 });
      await send('wake', { id: 'c' });
      await until(() => replies.length === 4);
      assert.deepEqual(
        replies.map(({ reply }) => `${reply.id} ${reply.status} ${reply.error?.code ?? ''}`.trim()),
        ['a rejected E_COMMAND_UNKNOWN', 'b rejected E_COMMAND_EXPIRED', 'c accepted', 'c succeeded'],
      );
    });

    if (version === 5) {
      it('are answered on the MQTT 5 response topic with its correlation data', async () => {
        const correlationData = Buffer.from([0, 1, 254, 255]);
        await send('wake', { id: 'a', replyTo: 'ops/other' }, { responseTopic: 'ops/inbox', correlationData });
        await until(() => replies.length === 2);
        for (const { topic, packet } of replies) {
          assert.equal(topic, 'ops/inbox');
          assert.deepEqual(packet.properties?.correlationData, correlationData);
        }
      });
    }
  });
}

type Device = { readonly controls: FakeControls; stop(): Promise<void> };

/** Bus, outbox, sender and commands as the agent has them; only what they steer is a fake. */
async function startDevice(url: string, version: 4 | 5, folder: string): Promise<Device> {
  const clock = systemClock;
  const log = new FakeLog();
  const controls = new FakeControls(['press'], clock);
  const { counters } = controls;
  const bus = new MqttBus({ url, version, clientId: THING, clock, log, random: Math.random });
  const file = join(folder, 'outbox.db');
  const outbox = new SqliteOutbox({ file, maxBytes: 16e6, maxFacts: 2_000, maxTries: 5, clock, log });
  const sender = new Sender({ bus, routes: ['mqtt', undefined], outbox, clock, log, counters });
  const commands = new Commands({
    thing: THING,
    bus,
    outbox,
    clock,
    log,
    controls,
    counters,
    forbiddenReplies: () => [],
  });
  await outbox.start();
  sender.start();
  await commands.start();
  await bus.start();
  await until(() => bus.state === 'online');
  const stop = async () => {
    await commands.stop(1_000);
    await sender.stop(1_000);
    await bus.stop(1_000);
    await outbox.stop();
  };
  return { controls, stop };
}
