import assert from 'node:assert/strict';
import { Commands } from '../../../src/agent/commands/commands.ts';
import { JobLane } from '../../../src/agent/commands/lane.ts';
import type { Reply } from '../../../src/domain/command.ts';
import { FakeAudit } from '../../fakes/audit.ts';
import { FakeBus } from '../../fakes/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeControls } from '../../fakes/controls.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeOutbox } from '../../fakes/outbox.ts';
import { FakeRollouts } from '../../fakes/rollouts.ts';

const THING = 'edge-1';
const HOUR = 3_600_000;

describe('a lane', () => {
  it('runs so many jobs beside each other, in order, and no more', async () => {
    const lane = new JobLane(2, 2);
    const jobs = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const begun: number[] = [];
    for (const [i, { promise }] of jobs.entries()) {
      lane.push(() => {
        begun.push(i);
        return promise;
      });
    }
    assert.deepEqual([begun, lane.full], [[0, 1], true]);
    jobs[1]?.resolve();
    await settle();
    assert.deepEqual([begun, lane.full], [[0, 1, 2], false]);
    const drained = lane.drain();
    jobs[0]?.resolve();
    jobs[2]?.resolve();
    await drained;
    assert.deepEqual(begun, [0, 1, 2], 'what waited is forgotten');
  });
});

describe('commands of rollouts', () => {
  it('hold up neither a newer rollout, nor the way back, nor anything else', async () => {
    const device = await Device.start();
    await device.send('model.rollout', { id: 'a', args: { source: '/a' } });
    await device.send('model.rollout', { id: 'b', args: { source: '/b' } });
    await device.send('model.rollback', { id: 'c' });
    await device.send('model.rollback', { id: 'd' });
    assert.deepEqual(
      device.rollouts.asked.map(({ id }) => id),
      ['a', 'b'],
    );
    assert.deepEqual(device.rollouts.rolledBack, ['c', 'd']);
    for (const [verb, id] of [
      ['model.cancel', 'e'],
      ['wake', 'f'],
      ['status', 'g'],
      ['model.list', 'h'],
    ] as const)
      await device.send(verb, { id });
    assert.deepEqual(device.finished(), ['e succeeded', 'f succeeded', 'g succeeded', 'h succeeded']);
  });

  it('are answered hours later, with the outcome also where they failed', async () => {
    const device = await Device.start();
    await device.send('model.rollout', { id: 'a', args: { source: '/a' } });
    await device.clock.advance(5 * HOUR);
    device.rollouts.end('a', 'rolledBack');
    await device.settle();
    const reply = device.reply('a');
    assert.deepEqual([reply.status, reply.error?.code], ['failed', 'E_ROLLOUT_GATE']);
    assert.partialDeepStrictEqual(reply.result, { outcome: 'rolledBack', evidence: [{ gate: 'agreement' }] });
  });

  it('join their rollout after each of many restarts', async () => {
    let device = await Device.start();
    await device.send('model.rollout', { id: 'a', args: { source: '/a' } });
    for (let restarts = 0; restarts < 10; restarts++) {
      await device.commands.stop(1_000);
      device = await Device.start(device);
      assert.deepEqual(device.rollouts.asked, [{ id: 'a', source: '/a', force: false }]);
    }
    device.rollouts.end('a', 'committed');
    await device.settle();
    assert.equal(device.reply('a').status, 'succeeded');
  });

  it('are not repeated after a restart where that would go back twice', async () => {
    const before = await Device.start();
    await before.send('model.rollback', { id: 'a' });
    const device = await Device.start(before);
    assert.deepEqual(device.rollouts.rolledBack, []);
    assert.equal(device.reply('a').error?.code, 'E_COMMAND_FAILED');
  });
});

describe('the audit log', () => {
  it('holds every command: accepted, finished, rejected', async () => {
    const device = await Device.start();
    await device.send('model.rollout', { id: 'a', args: { source: '/a', force: true } });
    device.rollouts.end('a', 'committed');
    await device.settle();
    await device.send('loglevel', { id: 'b', args: { level: 'verbose' } });
    assert.deepEqual(
      device.audit.entries.map(({ event, facts }) => ({ event, ...facts })),
      [
        {
          ...{ event: 'command', id: 'a', verb: 'model.rollout', by: 'mqtt', status: 'accepted' },
          ...{ 'args.source': '/a', 'args.force': true },
        },
        { event: 'command', id: 'a', verb: 'model.rollout', by: 'mqtt', status: 'succeeded' },
        {
          ...{ event: 'command', id: 'b', verb: 'loglevel', by: 'mqtt', status: 'rejected', code: 'E_COMMAND_ARGS' },
          reason: device.reply('b').error?.message,
        },
      ],
    );
  });

  it('is not flooded by nonsense', async () => {
    const device = await Device.start();
    for (let i = 0; i < 200; i++) await device.send('nonsense', { id: `n${i}` });
    assert.equal(device.audit.entries.length, 60);
  });

  it('keeps long texts out', async () => {
    const device = await Device.start();
    await device.send('model.rollout', { id: 'a', args: { source: `/${'x'.repeat(1_000)}` } });
    assert.equal(String(device.audit.entries[0]?.facts['args.source']).length, 256);
  });
});

describe('commands of this machine', () => {
  it('take their turn, and are answered without a word on the bus', async () => {
    const device = await Device.start();
    assert.partialDeepStrictEqual(await device.here('loglevel', { level: 'debug' }), {
      ok: true,
      value: { level: 'debug' },
    });
    assert.equal(device.controls.logLevel, 'debug');
    assert.equal(device.outbox.puts.length, 0);
  });

  it('are refused as those of the bus are', async () => {
    const device = await Device.start();
    for (const [verb, args, code] of [
      ['nonsense', {}, 'E_COMMAND_UNKNOWN'],
      ['status', { agents: 1 }, 'E_COMMAND_ARGS'],
      ['status', { agent: 'nobody' }, 'E_COMMAND_FOREIGN'],
    ] as const) {
      const ended = await device.here(verb, args);
      assert.equal(!ended.ok && ended.error.code, code);
    }
    assert.equal(device.controls.counters.snapshot().commandsRejected, 3);
  });

  it('end when nobody waits for them, and the rollout goes on', async () => {
    const device = await Device.start();
    const abort = new AbortController();
    const answer = device.here('model.rollout', { source: '/a' }, abort.signal);
    abort.abort();
    const ended = await answer;
    assert.match(ended.ok ? '' : ended.error.message, /nobody waits/);
    assert.equal(device.rollouts.cancelled, 0);
    await device.commands.stop(1_000);
    assert.equal(device.clock.pending, 0);
  });

  it('that wait in their lane are answered when the agent stops', async () => {
    const device = await Device.start();
    device.controls.reloading = () => new Promise(() => {});
    const both = [device.here('reload', {}), device.here('wake', {})];
    await device.commands.stop(1_000);
    for (const ended of await Promise.all(both)) assert.match(ended.ok ? '' : ended.error.message, /the agent stops/);
    const later = await device.here('wake', {});
    assert.equal(!later.ok && later.error.code, 'E_COMMAND_BUSY');
  });
});

/** A device that knows only commands, and one slot. */
class Device {
  readonly clock: FakeClock;
  readonly outbox: FakeOutbox;
  readonly bus = new FakeBus();
  readonly audit = new FakeAudit();
  readonly rollouts = new FakeRollouts();
  readonly controls: FakeControls;
  readonly commands: Commands;

  private constructor(clock: FakeClock, outbox: FakeOutbox) {
    this.clock = clock;
    this.outbox = outbox;
    this.controls = new FakeControls(['press'], clock);
    this.controls.agent().rollouts = this.rollouts;
    const { bus, audit, controls } = this;
    const { counters } = controls;
    const log = new FakeLog();
    this.commands = new Commands({
      thing: THING,
      forbiddenReplies: () => [],
      bus,
      outbox,
      clock,
      log,
      audit,
      controls,
      counters,
    });
  }

  /** The same one after a restart, where `before` is given: what is durable stays. */
  static async start(before?: Device): Promise<Device> {
    const device = new Device(before?.clock ?? new FakeClock(), before?.outbox ?? new FakeOutbox());
    await device.outbox.start();
    await device.bus.start();
    await device.commands.start();
    await device.settle();
    return device;
  }

  here(verb: string, args: Readonly<Record<string, unknown>>, signal = new AbortController().signal) {
    return this.commands.execute(verb, args, { id: 'local-1', signal });
  }

  async send(verb: string, body: Record<string, unknown>): Promise<void> {
    const issuedAt = this.clock.now();
    const payload = JSON.stringify({ verb, issuedAt, expiresAt: issuedAt + 12 * HOUR, ...body });
    this.bus.hub.publish({ topic: `cmd/edge-agent/${THING}/${verb}`, payload });
    await this.settle();
  }

  async settle(): Promise<void> {
    await this.clock.advance(0);
    await this.bus.settled();
    await this.clock.advance(0);
  }

  /** Final answers in the outbox, as `id status`. */
  finished(): readonly string[] {
    return this.#replies().flatMap(({ id, status }) => (status === 'accepted' ? [] : [`${id} ${status}`]));
  }

  reply(id: string): Reply {
    const reply = this.#replies().find((one) => one.id === id && one.status !== 'accepted');
    assert.ok(reply, `no answer to ${id}, only ${this.finished().join(', ')}`);
    return reply;
  }

  #replies(): Reply[] {
    return this.outbox.next(0, 10_000).map(({ payload }) => JSON.parse(Buffer.from(payload).toString()));
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
