import assert from 'node:assert/strict';
import { z } from 'zod';
import { Commands } from '../../../src/agent/commands/commands.ts';
import { declareVerb, type Verb } from '../../../src/agent/commands/verb.ts';
import type { Reply } from '../../../src/domain/command.ts';
import { failure, ok } from '../../../src/domain/errors.ts';
import { type Route, splitRoute } from '../../../src/domain/route.ts';
import { FakeAudit } from '../../fakes/audit.ts';
import { FakeBus } from '../../fakes/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeControls } from '../../fakes/controls.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeOutbox } from '../../fakes/outbox.ts';

const THING = 'edge-1';
const MINUTE = 60_000;

describe('commands', () => {
  it('are accepted, executed and answered', async () => {
    const device = await Device.start();
    await device.send('status', { id: 'a' });
    assert.deepEqual(device.told(), ['a accepted', 'a succeeded']);
    const reply = device.reply('a', 'succeeded');
    assert.equal(reply.thing, THING);
    assert.equal(reply.verb, 'status');
    assert.equal((reply.result as { verdict: string }).verdict, 'healthy');
    assert.equal(device.topicOf('a', 'succeeded'), `cmd/edge-agent/${THING}/status/reply`);
  });

  it('are durable, with their accepted reply, in one commit, before the bus may go on', async () => {
    const device = await Device.start({ verbs: [slow()] });
    await device.send('slow', { id: 'a' });
    const [first] = device.outbox.puts;
    assert.deepEqual(
      first?.messages.map(({ id }) => id),
      ['cmd/a/accepted'],
    );
    assert.deepEqual(
      first?.facts.map(({ name }) => name),
      ['cmd/a'],
    );
    assert.equal(device.outbox.puts.length, 1, 'and not yet finished');
  });

  it('hold the bus, and with it the acknowledgement, until they are durable', async () => {
    const device = await Device.start();
    const { promise: disk, resolve: written } = Promise.withResolvers<void>();
    const put = device.outbox.put.bind(device.outbox);
    device.outbox.put = async (...args) => {
      await disk;
      return put(...args);
    };
    const sent = device.send('wake', { id: 'a' });
    let free = false;
    void sent.then(() => {
      free = true;
    });
    for (let i = 0; i < 20; i++) await device.clock.advance(50);
    assert.equal(free, false);
    written();
    await sent;
    assert.deepEqual(device.told(), ['a accepted', 'a succeeded']);
  });

  it('put the final reply and the memory of it in one commit', async () => {
    const device = await Device.start();
    await device.send('wake', { id: 'a' });
    const last = device.outbox.puts.at(-1);
    assert.deepEqual(
      last?.messages.map(({ id }) => id),
      ['cmd/a/succeeded'],
    );
    assert.equal(JSON.parse(String(last?.facts[0]?.value)).status, 'done');
  });

  it('that are not durable are not executed', async () => {
    const device = await Device.start();
    device.outbox.refuse = failure('E_OUTBOX_FULL');
    await device.send('reload', { id: 'a' });
    assert.equal(device.controls.reloads, 0);
    device.outbox.refuse = undefined;
    await device.send('reload', { id: 'a' });
    assert.equal(device.controls.reloads, 1, 'and may be sent again');
  });

  it('sent twice are executed once, and answered again from memory', async () => {
    const device = await Device.start();
    await device.send('reload', { id: 'a', correlationId: 'first' });
    device.deliverAll();
    await device.send('reload', { id: 'a', correlationId: 'second' });
    assert.equal(device.controls.reloads, 1);
    assert.deepEqual(device.told(), ['a succeeded']);
    assert.equal(device.reply('a', 'succeeded').correlationId, 'second');
    assert.equal(device.controls.counters.snapshot().commandsRepeated, 1);
  });

  it('that come again while they run are not started again', async () => {
    const verb = slow();
    const device = await Device.start({ verbs: [verb] });
    await device.send('slow', { id: 'a' });
    await device.send('slow', { id: 'a' });
    assert.equal(verb.runs.length, 1);
    verb.finish();
    await device.settle();
    assert.deepEqual(device.told(), ['a accepted', 'a succeeded']);
  });

  it('are remembered over a restart', async () => {
    const device = await Device.start();
    await device.send('reload', { id: 'a' });
    device.deliverAll();
    const again = await device.restart();
    await again.send('reload', { id: 'a' });
    assert.equal(again.controls.reloads, 0);
    assert.deepEqual(again.told(), ['a succeeded']);
  });

  it('interrupted by a restart are told as failed when their verb is not repeatable', async () => {
    const device = await Device.start({ verbs: [slow()] });
    await device.send('slow', { id: 'a', replyTo: 'ops/inbox', correlationId: 'c-1' });
    const verb = slow();
    const again = await device.restart({ verbs: [verb] });
    assert.equal(verb.runs.length, 0);
    const reply = again.reply('a', 'failed');
    assert.equal(reply.error?.code, 'E_COMMAND_FAILED');
    assert.match(String(reply.error?.message), /interrupted by a restart/);
    assert.equal(reply.correlationId, 'c-1');
    assert.equal(again.topicOf('a', 'failed'), 'ops/inbox');
  });

  it('interrupted by a restart are executed once more when their verb is repeatable, and only once', async () => {
    const device = await Device.start({ verbs: [slow({ repeatable: true })] });
    await device.send('slow', { id: 'a', args: { n: 7 } });
    const second = slow({ repeatable: true });
    const again = await device.restart({ verbs: [second] });
    assert.deepEqual(second.runs, [{ n: 7 }], 'with its arguments');
    const third = slow({ repeatable: true });
    const last = await again.restart({ verbs: [third] });
    assert.equal(third.runs.length, 0, 'it may be what ends the agent');
    assert.equal(last.reply('a', 'failed').error?.code, 'E_COMMAND_FAILED');
  });

  it('are still known after a restart that came in the middle of the stop', async () => {
    const verb = slow();
    const device = await Device.start({ verbs: [verb] });
    await device.send('slow', { id: 'a' });
    const stopped = device.commands.stop(1000);
    await device.clock.advance(0);
    await stopped;
    assert.deepEqual(device.told(), ['a accepted'], 'no answer while stopping');
    assert.equal(verb.signals[0]?.aborted, true);
    const again = await device.restart({ verbs: [slow()] });
    assert.deepEqual(again.told(), ['a accepted', 'a failed']);
  });

  it('that come while the agent stops are told to come later', async () => {
    const device = await Device.start();
    await device.commands.stop(1000);
    await device.send('status', { id: 'a' });
    assert.equal(device.reply('a', 'rejected').error?.code, 'E_COMMAND_BUSY');
  });

  it('have a deadline, after which the next one runs', async () => {
    const verb = slow({ deadlineMs: 5_000 });
    const device = await Device.start({ verbs: [verb] });
    await device.send('slow', { id: 'a' });
    await device.send('slow', { id: 'b' });
    assert.equal(verb.runs.length, 1, 'one at a time');
    await device.clock.advance(5_000);
    assert.match(String(device.reply('a', 'failed').error?.message), /no answer within 5000 ms/);
    assert.equal(verb.signals[0]?.aborted, true);
    assert.equal(verb.runs.length, 2);
  });

  it('that expire while they wait are not executed', async () => {
    const verb = slow({ deadlineMs: 10 * MINUTE });
    const device = await Device.start({ verbs: [verb] });
    await device.send('slow', { id: 'a' });
    await device.send('slow', { id: 'b' }, { livesMs: MINUTE });
    await device.clock.advance(2 * MINUTE);
    verb.finish();
    await device.settle();
    assert.equal(verb.runs.length, 1);
    assert.equal(device.reply('b', 'failed').error?.code, 'E_COMMAND_EXPIRED');
  });

  it('of another lane do not wait', async () => {
    const verb = slow();
    const other = declareVerb({
      ...{ verb: 'quick', summary: '', lane: 'read', repeatable: true, deadlineMs: 1000, args: z.strictObject({}) },
      run: () => ok('done'),
    });
    const device = await Device.start({ verbs: [verb, other] });
    await device.send('slow', { id: 'a' });
    await device.send('quick', { id: 'b' });
    assert.deepEqual(device.told(), ['a accepted', 'b accepted', 'b succeeded']);
  });

  it('are refused as busy when 32 of their lane wait', async () => {
    const device = await Device.start({ verbs: [slow()] });
    for (let i = 0; i < 33; i++) await device.send('slow', { id: `c${i}` });
    await device.send('slow', { id: 'one-too-many' });
    assert.equal(device.reply('one-too-many', 'rejected').error?.code, 'E_COMMAND_BUSY');
    assert.equal(device.controls.counters.snapshot().commandsAccepted, 33);
  });

  it('whose verb throws are told as failed', async () => {
    const broken = declareVerb({
      ...{ verb: 'broken', summary: '', lane: 'read', repeatable: true, deadlineMs: 1000, args: z.strictObject({}) },
      run: () => {
        throw new Error('a bug');
      },
    });
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const odd = declareVerb({
      ...{ verb: 'odd', summary: '', lane: 'read', repeatable: true, deadlineMs: 1000, args: z.strictObject({}) },
      run: () => ok(circular),
    });
    const device = await Device.start({ verbs: [broken, odd] });
    await device.send('broken', { id: 'a' });
    await device.send('odd', { id: 'b' });
    assert.match(String(device.reply('a', 'failed').error?.message), /a bug/);
    assert.equal(device.reply('b', 'failed').error?.code, 'E_INTERNAL');
  });

  it('are forgotten some time after they expired, so that memory stays bounded', async () => {
    const device = await Device.start();
    await device.send('reload', { id: 'a' }, { livesMs: MINUTE });
    await device.clock.advance(5 * MINUTE);
    await device.send('status', { id: 'b' }, { livesMs: MINUTE });
    assert.deepEqual([...device.outbox.facts('cmd/').keys()], ['cmd/a', 'cmd/b'], 'a clock may be 5 minutes off');
    await device.clock.advance(2 * MINUTE);
    await device.send('status', { id: 'c' });
    assert.deepEqual([...device.outbox.facts('cmd/').keys()], ['cmd/b', 'cmd/c']);
  });

  it('are refused as busy rather than forgotten early', async () => {
    const device = await Device.start();
    for (let i = 0; i < 1_000; i++) await device.send('wake', { id: `w${i}` });
    await device.send('wake', { id: 'one-too-many' });
    assert.equal(device.reply('one-too-many', 'rejected').error?.code, 'E_COMMAND_BUSY');
  });

  it('keep small answers only: a large one is told once', async () => {
    const large = declareVerb({
      ...{ verb: 'large', summary: '', lane: 'read', repeatable: true, deadlineMs: 1000, args: z.strictObject({}) },
      run: () => ok('x'.repeat(10_000)),
    });
    const device = await Device.start({ verbs: [large] });
    await device.send('large', { id: 'a' });
    assert.equal(String(device.reply('a', 'succeeded').result).length, 10_000);
    device.deliverAll();
    await device.send('large', { id: 'a' });
    const again = device.reply('a', 'succeeded');
    assert.equal(again.result, undefined);
    assert.equal(again.truncated, true);
    assert.ok(String(device.outbox.facts('cmd/').get('cmd/a')).length < 3_000);
  });

  it('never answer with more than a broker takes', async () => {
    const huge = declareVerb({
      ...{ verb: 'huge', summary: '', lane: 'read', repeatable: true, deadlineMs: 1000, args: z.strictObject({}) },
      run: () => ok('x'.repeat(200_000)),
    });
    const device = await Device.start({ verbs: [huge] });
    await device.send('huge', { id: 'a' });
    const reply = device.reply('a', 'succeeded');
    assert.deepEqual([reply.result, reply.truncated], [undefined, true]);
  });

  it('survive damaged facts', async () => {
    const outbox = new FakeOutbox();
    await outbox.start();
    await outbox.put(
      [],
      [
        { name: 'cmd/x', value: '{"status":' },
        { name: 'cmd/y', value: '{"status":"done"}' },
      ],
    );
    const device = await Device.start({ outbox });
    assert.equal(device.outbox.facts('cmd/').size, 0);
    await device.send('wake', { id: 'x' });
    assert.deepEqual(device.told(), ['x accepted', 'x succeeded']);
  });

  it('that are nonsense, in a flood, neither fill the outbox nor the log', async () => {
    const device = await Device.start();
    for (let i = 0; i < 1_000; i++) await device.send('nonsense', { id: `n${i}` });
    assert.equal(device.outbox.stats().rows, 60);
    assert.ok(device.log.lines.length <= 61);
    const { commandsRejected, repliesWithheld } = device.controls.counters.snapshot();
    assert.deepEqual([commandsRejected, repliesWithheld], [1_000, 940]);
    await device.clock.advance(MINUTE);
    await device.send('nonsense', { id: 'later' });
    assert.equal(device.reply('later', 'rejected').error?.code, 'E_COMMAND_UNKNOWN');
  });

  it('must not be retained', async () => {
    const device = await Device.start();
    const now = device.clock.now();
    const body = { id: 'a', verb: 'reload', issuedAt: now, expiresAt: now + MINUTE };
    const payload = Buffer.from(JSON.stringify(body));
    device.bus.receive({ topic: `cmd/edge-agent/${THING}/reload`, payload, retained: true });
    await device.settle();
    assert.equal(device.reply('a', 'rejected').error?.code, 'E_COMMAND_MALFORMED');
    assert.equal(device.controls.reloads, 0);
  });

  it('for an agent that is not here are refused', async () => {
    const device = await Device.start();
    await device.send('sleep', { id: 'a', args: { agent: 'saw' } });
    assert.equal(device.reply('a', 'rejected').error?.code, 'E_COMMAND_FOREIGN');
  });

  it('whose answer finds no room are still never executed twice', async () => {
    const device = await Device.start();
    const put = device.outbox.put.bind(device.outbox);
    device.outbox.put = async (messages, facts) => {
      if (messages.some(({ id }) => id === 'cmd/a/succeeded')) return { ok: false, error: failure('E_OUTBOX_FULL') };
      return put(messages, facts);
    };
    await device.send('reload', { id: 'a' });
    device.outbox.put = put;
    const again = await device.restart();
    await again.send('reload', { id: 'a' });
    assert.equal(again.controls.reloads, 0);
    assert.equal(again.reply('a', 'succeeded').status, 'succeeded', 'and the answer is there for who asks again');
  });

  it('that run longer than they live are not started again', async () => {
    const verb = slow({ deadlineMs: 60 * MINUTE });
    const device = await Device.start({ verbs: [verb] });
    await device.send('slow', { id: 'a' }, { livesMs: MINUTE });
    await device.clock.advance(20 * MINUTE);
    await device.send('slow', { id: 'b' });
    assert.deepEqual([...device.outbox.facts('cmd/').keys()], ['cmd/a', 'cmd/b']);
    await device.send('slow', { id: 'a' });
    assert.equal(verb.runs.length, 1);
    assert.deepEqual(device.told(), ['a accepted', 'b accepted']);
  });

  it('leave no timer behind', async () => {
    const device = await Device.start();
    await device.send('status', { id: 'a' });
    await device.commands.stop(1_000);
    assert.equal(device.clock.pending, 0);
  });

  it('honour the MQTT 5 response topic and correlation data before replyTo', async () => {
    const device = await Device.start();
    const correlationData = Uint8Array.of(1, 2, 3);
    await device.send('wake', { id: 'a', replyTo: 'ops/other' }, { responseTopic: 'ops/inbox', correlationData });
    const row = device.outbox.next(0, 9).at(-1);
    assert.equal(row?.topic, 'ops/inbox');
    assert.deepEqual(row?.correlationData, correlationData);
  });

  it('come by the bus that is theirs, and are answered there, also after a restart', async () => {
    const device = await Device.start({ route: 'iotcore' });
    await device.commands.stop(1_000);
    const again = await device.restart({ route: 'iotcore' });
    assert.deepEqual(again.filters, [`iotcore:cmd/edge-agent/${THING}/+`]);
    await again.send('wake', { id: 'a' });
    await again.send('wake', { id: 'b' }, { responseTopic: 'ops/inbox' });
    await again.send('wake', { id: 'a' });
    await again.send('nonsense', { id: 'c' });
    assert.deepEqual(
      [again.topicOf('a', 'accepted'), again.topicOf('a', 'succeeded'), again.topicOf('b', 'succeeded')],
      [`iotcore:cmd/edge-agent/${THING}/wake/reply`, `iotcore:cmd/edge-agent/${THING}/wake/reply`, 'iotcore:ops/inbox'],
    );
    assert.equal(again.topicOf('c', 'rejected'), `iotcore:cmd/edge-agent/${THING}/nonsense/reply`);
    const told = again.audit.entries.map(({ facts }) => `${facts['id']} ${facts['by']} ${facts['bus']}`);
    assert.deepEqual([...new Set(told)], ['a mqtt iotcore', 'b mqtt iotcore', 'c mqtt iotcore']);
  });

  it('cannot choose the bus of their replies', async () => {
    const device = await Device.start({ route: 'iotcore' });
    await device.send('wake', { id: 'a' }, { responseTopic: 'local:ops/inbox' });
    assert.equal(device.topicOf('a', 'rejected'), `iotcore:cmd/edge-agent/${THING}/wake/reply`);
    assert.match(device.reply('a', 'rejected').error?.message ?? '', /names a bus/);
  });

  it('never take their own replies for commands', async () => {
    const device = await Device.start();
    await device.send('wake', { id: 'a' });
    for (const row of device.outbox.next(0, 9)) await device.bus.publishAcked(row);
    await device.settle();
    const { commandsRejected, commandsAccepted } = device.controls.counters.snapshot();
    assert.deepEqual([commandsRejected, commandsAccepted], [0, 1]);
  });
});

type Options = { verbs?: readonly Verb[]; outbox?: FakeOutbox; clock?: FakeClock; route?: Route };

/** A device that knows only commands. */
class Device {
  readonly clock: FakeClock;
  readonly bus = new FakeBus();
  readonly outbox: FakeOutbox;
  readonly log = new FakeLog();
  readonly audit = new FakeAudit();
  readonly controls: FakeControls;
  readonly commands: Commands;

  /** What the commands subscribed to. */
  readonly filters: string[] = [];

  private constructor({ verbs, outbox = new FakeOutbox(), clock = new FakeClock(), route }: Options) {
    this.clock = clock;
    this.outbox = outbox;
    this.controls = new FakeControls(['press'], clock);
    this.commands = new Commands({
      ...{
        thing: THING,
        route,
        bus: { subscribe: (...to) => this.#subscribe(...to) },
        outbox,
        clock,
        log: this.log,
        audit: this.audit,
        controls: this.controls,
      },
      counters: this.controls.counters,
      forbiddenReplies: () => ['dt/+/vibration', 'actuators/#'],
      ...(verbs === undefined ? {} : { verbs }),
    });
  }

  #subscribe(...[filter, qos, handler]: Parameters<FakeBus['subscribe']>): void {
    this.filters.push(filter);
    this.bus.subscribe(splitRoute(filter).topic, qos, handler);
  }

  static async start(options: Options = {}): Promise<Device> {
    const device = new Device(options);
    await device.outbox.start();
    await device.bus.start();
    await device.commands.start();
    await device.settle();
    return device;
  }

  /** The same device after a power cut: what is durable stays. */
  restart(options: Options = {}): Promise<Device> {
    return Device.start({ outbox: this.outbox, clock: this.clock, ...options });
  }

  async send(
    verb: string,
    body: Record<string, unknown>,
    { livesMs = 10 * MINUTE, ...mqtt }: { livesMs?: number; responseTopic?: string; correlationData?: Uint8Array } = {},
  ): Promise<void> {
    const issuedAt = this.clock.now();
    const payload = JSON.stringify({ verb, issuedAt, expiresAt: issuedAt + livesMs, ...body });
    this.bus.hub.publish({ topic: `cmd/edge-agent/${THING}/${verb}`, payload, ...mqtt });
    await this.settle();
  }

  async settle(): Promise<void> {
    await this.clock.advance(0);
    await this.bus.settled();
    await this.clock.advance(0);
  }

  deliverAll(): void {
    this.outbox.done(this.outbox.next(0, 10_000).map(({ seq }) => seq));
  }

  /** What waits in the outbox, as `id status`. */
  told(): readonly string[] {
    return this.#replies().map(({ id, status }) => `${id} ${status}`);
  }

  reply(id: string, status: string): Reply {
    const reply = this.#replies().find((candidate) => candidate.id === id && candidate.status === status);
    assert.ok(reply, `no reply ${id} ${status}, only ${this.told().join(', ')}`);
    return reply;
  }

  topicOf(id: string, status: string): string | undefined {
    return this.outbox.next(0, 10_000).find((row) => row.id === `cmd/${id}/${status}`)?.topic;
  }

  #replies(): Reply[] {
    return this.outbox.next(0, 10_000).map(({ payload }) => JSON.parse(Buffer.from(payload).toString()));
  }
}

/** A verb that runs until the test ends it. */
function slow({ repeatable = false, deadlineMs = MINUTE } = {}) {
  const runs: unknown[] = [];
  const signals: AbortSignal[] = [];
  let finish = () => {};
  const verb = declareVerb({
    ...{ verb: 'slow', summary: '', lane: 'control', repeatable, deadlineMs },
    args: z.strictObject({ n: z.number().optional() }),
    run: (args, { signal }) => {
      runs.push(args);
      signals.push(signal);
      return new Promise((resolve) => {
        finish = () => resolve(ok('finished'));
      });
    },
  });
  return { ...verb, runs, signals, finish: () => finish() };
}
