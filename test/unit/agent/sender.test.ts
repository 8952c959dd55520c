import assert from 'node:assert/strict';
import { Counters } from '../../../src/agent/metrics.ts';
import { Sender } from '../../../src/agent/sender.ts';
import { failure } from '../../../src/domain/errors.ts';
import type { MessageClass } from '../../../src/domain/message.ts';
import { DEVICE_COUNTERS } from '../../../src/domain/metrics.ts';
import { FakeBus } from '../../fakes/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeOutbox } from '../../fakes/outbox.ts';

const REJECTED = failure('E_BUS_REJECTED', 'as the test wants');

/** A sender between an outbox and a bus. Messages are known by their topics, which are their ids. */
class Bench {
  readonly clock = new FakeClock();
  readonly bus = new FakeBus();
  readonly outbox: FakeOutbox;
  readonly log = new FakeLog();
  readonly counters = new Counters(DEVICE_COUNTERS);
  readonly sender: Sender;

  private constructor(maxTries: number, settleMs: number | undefined) {
    if (settleMs !== undefined) {
      this.bus.settling = { ms: settleMs, isOpen: async () => this.open, losses: 0 };
    }
    this.outbox = new FakeOutbox({ maxTries });
    const { bus, outbox, clock, log, counters } = this;
    this.sender = new Sender({ bus, routes: ['mqtt', undefined], outbox, clock, log, counters });
  }

  /** Online and running, with these messages as the backlog. */
  static async start({
    backlog = [] as string[],
    window = 100,
    holdAcks = false,
    maxTries = 3,
    settleMs = undefined as number | undefined,
  } = {}): Promise<Bench> {
    const bench = new Bench(maxTries, settleMs);
    bench.bus.setWindow(window);
    bench.bus.holdAcks = holdAcks;
    await bench.outbox.start();
    await bench.put(...backlog);
    bench.sender.start();
    await bench.bus.start();
    await bench.settle();
    return bench;
  }

  async put(...ids: string[]): Promise<void> {
    for (const id of ids) await this.outbox.put([message(id)]);
    await this.settle();
  }

  /** Lets one acknowledgement after another through until none waits. */
  async acknowledgeOneByOne(): Promise<void> {
    while (this.bus.window < this.limit) {
      this.bus.acknowledge(1);
      await this.settle();
    }
  }

  limit = 1;

  /** The way on from a bus whose acknowledgements are not final. */
  open = true;

  /** The bus comes back, and its memory may be another. */
  async loseMemory(): Promise<void> {
    if (this.bus.settling !== undefined) this.bus.settling.losses++;
    await this.reconnect();
  }

  async reconnect(): Promise<void> {
    this.bus.goOffline();
    await this.settle();
    this.bus.goOnline();
    await this.settle();
  }

  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  /** Every attempt so far, in order. */
  get tried(): string {
    return this.bus.acked.map(({ topic }) => topic).join(' ');
  }

  /** What the broker got, in order. */
  get delivered(): string {
    return this.bus.hub.published.map(({ topic }) => topic).join(' ');
  }

  get left(): string {
    return this.outbox
      .next(0, 1000)
      .map(({ id }) => id)
      .join(' ');
  }
}

function message(id: string, messageClass: MessageClass = 'alarm') {
  return { id, class: messageClass, topic: id, payload: Buffer.from('x') };
}

describe('the sender', () => {
  it('sends what is put and takes it out of the outbox once it is acknowledged', async () => {
    const bench = await Bench.start({ holdAcks: true });
    await bench.put('a');
    assert.equal(bench.tried, 'a');
    assert.equal(bench.left, 'a', 'not yet acknowledged');
    bench.bus.acknowledge();
    await bench.settle();
    assert.equal(bench.left, '');
    assert.equal(bench.counters.snapshot().delivered, 1);
  });

  it('sends a backlog in its order', async () => {
    const bench = await Bench.start({ backlog: ['a', 'b', 'c'] });
    assert.equal(bench.delivered, 'a b c');
  });

  it('sends more than one page', async () => {
    const ids = Array.from({ length: 200 }, (_, i) => `m${i}`);
    const bench = await Bench.start({ backlog: ids, window: 7 });
    assert.equal(bench.delivered, ids.join(' '));
    assert.equal(bench.left, '');
  });

  it('starts at once on a bus that is online already', async () => {
    const bench = await Bench.start();
    await bench.sender.stop(0);
    await bench.put('a');
    bench.sender.start();
    await bench.settle();
    assert.equal(bench.delivered, 'a');
  });

  it('keeps everything while the bus is offline, and tries nothing', async () => {
    const bench = await Bench.start();
    bench.bus.goOffline();
    await bench.put('a', 'b');
    assert.equal(bench.tried, '');
    bench.bus.goOnline();
    await bench.settle();
    assert.equal(bench.delivered, 'a b');
  });

  it('has no more on the way than the bus allows', async () => {
    const bench = await Bench.start({ backlog: ['a', 'b', 'c', 'd', 'e'], window: 2, holdAcks: true });
    assert.equal(bench.tried, 'a b');
    bench.bus.acknowledge(1);
    await bench.settle();
    assert.equal(bench.tried, 'a b c');
  });

  it('sends live messages before the backlog, which gets every fifth turn', async () => {
    const bench = await Bench.start({ backlog: ['b1', 'b2', 'b3'], window: 1, holdAcks: true });
    await bench.put('l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7', 'l8', 'l9');
    await bench.acknowledgeOneByOne();
    assert.equal(bench.delivered, 'b1 l1 l2 l3 l4 b2 l5 l6 l7 l8 b3 l9');
  });

  it('sends each message once, though new ones are put while it is sending', async () => {
    const bench = await Bench.start();
    bench.bus.refuse(({ topic }) => {
      const next = Number(topic.slice(1)) + 1;
      if (next < 50) void bench.outbox.put([message(`m${next}`)]);
      return undefined;
    });
    await bench.put('m0');
    await bench.settle();
    assert.deepEqual(bench.tried.split(' ').sort(), Array.from({ length: 50 }, (_, i) => `m${i}`).sort());
    assert.equal(bench.left, '');
  });

  it('goes on past a message that the outbox dropped meanwhile', async () => {
    const bench = await Bench.start({ backlog: ['a', 'b', 'c'], window: 1, holdAcks: true });
    bench.outbox.done([2]);
    await bench.acknowledgeOneByOne();
    assert.match(bench.delivered, /^a (b )?c$/);
    assert.equal(bench.left, '');
  });
});

describe('a message that the broker rejects', () => {
  it('is tried again after five seconds, and not before', async () => {
    const bench = await Bench.start();
    bench.bus.refuse(() => REJECTED);
    await bench.put('a');
    bench.bus.refuse(undefined);
    await bench.clock.advance(4999);
    assert.equal(bench.tried, 'a');
    await bench.clock.advance(1);
    assert.equal(bench.delivered, 'a');
    assert.equal(bench.clock.pending, 0);
  });

  it('holds up no other', async () => {
    const bench = await Bench.start();
    bench.bus.refuse(({ topic }) => (topic === 'bad' ? REJECTED : undefined));
    await bench.put('a', 'bad', 'b');
    assert.equal(bench.delivered, 'a b');
    assert.equal(bench.left, 'bad');
  });

  it('is looked for again by one timer, and what is on the way meanwhile is not sent twice', async () => {
    const bench = await Bench.start();
    bench.bus.refuse(() => REJECTED);
    await bench.put('bad', 'worse');
    assert.equal(bench.clock.pending, 1);
    bench.bus.refuse(undefined);
    bench.bus.holdAcks = true;
    await bench.put('slow');
    await bench.clock.advance(5000);
    assert.equal(bench.tried, 'bad worse slow', 'they go alone, so they wait');
    bench.bus.holdAcks = false;
    bench.bus.acknowledge();
    await bench.settle();
    assert.equal(bench.delivered, 'slow bad worse');
  });

  it('goes to quarantine after its last try, and is told', async () => {
    const bench = await Bench.start({ maxTries: 3 });
    bench.bus.refuse(() => REJECTED);
    await bench.put('bad');
    await bench.clock.advance(60_000);
    assert.equal(bench.tried, 'bad bad bad');
    assert.deepEqual(
      bench.outbox.quarantine.map(({ row, reason }) => [row.id, reason.code]),
      [['bad', 'E_BUS_REJECTED']],
    );
    assert.deepEqual(bench.log.events, ['message quarantined']);
    assert.equal(bench.counters.snapshot().sendFailures, 3);
  });
});

describe('messages on the way when the connection ends', () => {
  it('are sent again, one at a time, and none of them counts as tried', async () => {
    const bench = await Bench.start({ backlog: ['a', 'b', 'c'], holdAcks: true });
    await bench.reconnect();
    assert.equal(bench.tried, 'a b c a');
    bench.limit = 100;
    await bench.acknowledgeOneByOne();
    assert.equal(bench.delivered, 'a b c');
    assert.equal(bench.outbox.quarantine.length, 0);
    assert.equal(bench.left, '');
  });

  it('are suspected together, and only the one that is alone in the connection that ends is counted', async () => {
    const bench = await Bench.start({ backlog: ['innocent', 'poison', 'other'], holdAcks: true, maxTries: 2 });
    await bench.reconnect();
    bench.bus.acknowledge();
    await bench.settle();
    assert.equal(bench.delivered, 'innocent');
    await bench.reconnect();
    assert.deepEqual(
      bench.outbox.next(0, 9).map(({ id, tries }) => `${id} ${tries}`),
      ['poison 1', 'other 0'],
    );
    await bench.reconnect();
    assert.deepEqual(
      bench.outbox.quarantine.map(({ row }) => row.id),
      ['poison'],
    );
    bench.bus.acknowledge();
    await bench.settle();
    assert.equal(bench.delivered, 'innocent other');
    assert.equal(bench.left, '');
  });

  it('have nothing beside them, not even what is new', async () => {
    const bench = await Bench.start({ backlog: ['a', 'b'], holdAcks: true });
    await bench.reconnect();
    await bench.put('new');
    assert.equal(bench.tried, 'a b a');
    bench.bus.acknowledge();
    await bench.settle();
    assert.equal(bench.tried, 'a b a new');
  });

  it('go together again once they were delivered: a suspicion does not last', async () => {
    const bench = await Bench.start({ backlog: ['a', 'b'], holdAcks: true });
    await bench.reconnect();
    bench.limit = 100;
    await bench.acknowledgeOneByOne();
    await bench.put('c', 'd');
    assert.equal(bench.tried, 'a b a b c d');
  });

  it('are never quarantined, however often it ends with several of them', async () => {
    const bench = await Bench.start({ maxTries: 2 });
    for (let i = 0; i < 10; i++) {
      bench.bus.holdAcks = true;
      await bench.put(`x${i}`, `y${i}`);
      bench.bus.goOffline();
      await bench.settle();
      bench.bus.holdAcks = false;
      bench.bus.goOnline();
      await bench.settle();
    }
    assert.equal(bench.outbox.quarantine.length, 0);
    assert.equal(bench.left, '');
  });
});

describe('messages that a bus acknowledges although it has them in memory only', () => {
  const SETTLE_MS = 120_000;
  const start = (backlog: string[] = []) => Bench.start({ settleMs: SETTLE_MS, backlog });

  it('stay in the outbox until they have settled, and are counted then', async () => {
    const bench = await start();
    await bench.put('a');
    await bench.clock.advance(60_000);
    await bench.put('b');
    await bench.clock.advance(SETTLE_MS - 60_001);
    assert.deepEqual([bench.left, bench.counters.snapshot().delivered], ['a b', 0]);
    await bench.clock.advance(1);
    assert.deepEqual([bench.left, bench.counters.snapshot().delivered], ['b', 1]);
    await bench.clock.advance(60_000);
    assert.equal(bench.left, '');
    assert.equal(bench.delivered, 'a b', 'and are sent once');
    assert.equal(bench.clock.pending, 0);
  });

  it('are sent again, in order, when the memory may be lost: and what had settled is not', async () => {
    const bench = await start();
    await bench.put('old');
    await bench.clock.advance(SETTLE_MS);
    await bench.put('a', 'b');
    await bench.loseMemory();
    assert.equal(bench.delivered, 'old a b a b');
    await bench.clock.advance(SETTLE_MS + 1_000);
    assert.equal(bench.left, '');
    assert.equal(bench.counters.snapshot().delivered, 3);
  });

  it('are not sent again when only the way on was closed: whoever has them sends them', async () => {
    const bench = await start();
    await bench.put('a');
    await bench.reconnect();
    assert.equal(bench.delivered, 'a');
    bench.open = false;
    await bench.clock.advance(10 * SETTLE_MS);
    assert.equal(bench.left, 'a', 'nobody knows whether it has arrived');
    bench.open = true;
    await bench.clock.advance(1_000);
    assert.equal(bench.left, '');
  });

  it('are not let go for the acknowledgement of a connection that was lost meanwhile', async () => {
    const bench = await Bench.start({ settleMs: SETTLE_MS, holdAcks: true });
    await bench.put('a');
    bench.bus.acknowledge();
    if (bench.bus.settling !== undefined) bench.bus.settling.losses++;
    await bench.settle();
    await bench.clock.advance(SETTLE_MS);
    assert.equal(bench.left, 'a');
    await bench.reconnect();
    assert.equal(bench.tried, 'a a');
  });

  it('are not sent again because another one is tried again', async () => {
    const bench = await start();
    bench.bus.refuse(({ topic }) => (topic === 'bad' ? REJECTED : undefined));
    await bench.put('a', 'bad', 'b');
    await bench.clock.advance(5_000);
    assert.equal(bench.tried, 'a bad b bad');
  });

  it('stay there when it stops: the memory may stop with us', async () => {
    const bench = await start(['a', 'b']);
    await bench.sender.stop(1_000);
    assert.equal(bench.clock.pending, 0);
    assert.equal(bench.left, 'a b');
    bench.sender.start();
    await bench.settle();
    assert.equal(bench.delivered, 'a b a b');
  });

  it('need not settle when they are replies: one that is asked for again must not meet itself in the outbox', async () => {
    const bench = await start();
    for (let asked = 0; asked < 2; asked++) {
      await bench.outbox.put([message('reply', 'reply')]);
      await bench.settle();
    }
    assert.equal(bench.delivered, 'reply reply');
    assert.equal(bench.left, '');
  });

  it('are bounded: beyond 12,000, those after them wait', async () => {
    const bench = await Bench.start({ settleMs: SETTLE_MS });
    const ids = Array.from({ length: 12_010 }, (_, i) => `m${i}`);
    for (let at = 0; at < ids.length; at += 1_000)
      await bench.outbox.put(ids.slice(at, at + 1_000).map((id) => message(id)));
    await bench.clock.advance(0);
    while (bench.bus.acked.length < 12_000) await bench.settle();
    await bench.clock.advance(1_000);
    assert.equal(bench.bus.acked.length, 12_000);
    await bench.clock.advance(SETTLE_MS);
    assert.equal(bench.bus.acked.length, 12_010);
  });
});

describe('stopping the sender', () => {
  /** Whether the stop is over, seen at once after each step. */
  function stopping(bench: Bench, deadlineMs: number) {
    const state = { over: false };
    const done = bench.sender.stop(deadlineMs).then(() => {
      state.over = true;
    });
    return { state, done };
  }

  it('waits for what is on the way', async () => {
    const bench = await Bench.start({ backlog: ['a', 'b'], window: 1, holdAcks: true });
    const { state, done } = stopping(bench, 1000);
    await bench.clock.advance(500);
    assert.equal(state.over, false);
    bench.bus.acknowledge();
    await bench.settle();
    bench.bus.acknowledge();
    await done;
    assert.equal(bench.delivered, 'a b');
    assert.equal(bench.clock.pending, 0);
  });

  it('waits no longer than its deadline', async () => {
    const bench = await Bench.start({ backlog: ['a'], holdAcks: true });
    const { state, done } = stopping(bench, 1000);
    await bench.clock.advance(999);
    assert.equal(state.over, false);
    await bench.clock.advance(1);
    await done;
    assert.equal(bench.left, 'a', 'what was not acknowledged stays');
  });

  it('waits for nothing while the bus is offline', async () => {
    const bench = await Bench.start();
    bench.bus.goOffline();
    await bench.put('a');
    await stopping(bench, 1000).done;
    assert.equal(bench.left, 'a');
  });

  it('does not wait for a message that rests after a rejection', async () => {
    const bench = await Bench.start();
    bench.bus.refuse(() => REJECTED);
    await bench.put('a');
    await stopping(bench, 8000).done;
    assert.equal(bench.clock.pending, 0, 'the retry is cancelled');
    assert.equal(bench.left, 'a');
  });

  it('sends nothing afterwards, whatever happens', async () => {
    const bench = await Bench.start();
    await bench.sender.stop(1000);
    await bench.put('a');
    await bench.reconnect();
    await bench.clock.advance(60_000);
    assert.equal(bench.tried, '');
  });

  it('starts no timer for what is rejected afterwards', async () => {
    const bench = await Bench.start({ holdAcks: true });
    const { promise, resolve } = Promise.withResolvers<{ ok: false; error: typeof REJECTED }>();
    bench.bus.publishAcked = () => promise;
    await bench.put('a');
    const { done } = stopping(bench, 100);
    await bench.clock.advance(100);
    await done;
    resolve({ ok: false, error: REJECTED });
    await bench.settle();
    assert.equal(bench.clock.pending, 0);
  });

  it('is done at once the second time, or before the start', async () => {
    const bench = await Bench.start();
    await bench.sender.stop(1000);
    await bench.sender.stop(1000);
    assert.equal(bench.clock.pending, 0);
  });
});

describe('the senders of two buses', () => {
  /** The broker, which has the messages that name no bus, and local pub/sub. */
  async function start(backlog: readonly string[] = []) {
    const clock = new FakeClock();
    const outbox = new FakeOutbox({ maxTries: 3 });
    const counters = new Counters(DEVICE_COUNTERS);
    const mqtt = new FakeBus();
    const local = new FakeBus();
    const common = { outbox, clock, log: new FakeLog(), counters };
    const senders = [
      new Sender({ ...common, bus: mqtt, routes: ['mqtt', undefined] }),
      new Sender({ ...common, bus: local, routes: ['local'] }),
    ];
    const put = async (...topics: string[]) => {
      for (const topic of topics) await outbox.put([message(topic)]);
      await clock.advance(0);
    };
    await outbox.start();
    await put(...backlog);
    for (const sender of senders) sender.start();
    await Promise.all([mqtt.start(), local.start()]);
    await clock.advance(0);
    return { clock, outbox, counters, mqtt, local, senders, put };
  }

  function delivered(bus: FakeBus): string {
    return bus.hub.published.map(({ topic }) => topic).join(' ');
  }

  it('carry each its own, in order, and take the name of the bus off', async () => {
    const { mqtt, local, outbox, put } = await start(['a', 'local:b', 'mqtt:c']);
    await put('local:d', 'e', 'mqtt:local:f');
    assert.equal(delivered(mqtt), 'a c e local:f');
    assert.equal(delivered(local), 'b d');
    assert.equal(outbox.stats().rows, 0);
  });

  it('do not wait for each other: while one bus is away, the other gets its alarms at once', async () => {
    const { mqtt, local, outbox, put } = await start();
    local.goOffline();
    await put(...Array.from({ length: 300 }, (_, i) => `local:l${i}`), 'a', 'b');
    assert.equal(delivered(mqtt), 'a b');
    assert.equal(outbox.stats().rows, 300);
    local.goOnline();
    await put('c');
    assert.equal(delivered(mqtt), 'a b c');
    assert.equal(local.hub.published.length, 300);
    assert.equal(outbox.stats().rows, 0);
  });

  it('leave a message alone that a bus does not acknowledge; the other bus goes on', async () => {
    const { mqtt, local, put } = await start();
    local.holdAcks = true;
    await put('local:a', 'b', 'c');
    assert.equal(delivered(mqtt), 'b c');
    local.goOffline();
    await put();
    local.goOnline();
    await put('local:d', 'e');
    assert.equal(delivered(mqtt), 'b c e', 'what is suspected on one bus goes alone on that bus only');
    assert.deepEqual(
      local.acked.map(({ topic }) => topic),
      ['a', 'a'],
    );
  });

  it('count a rejection against the message of their own bus', async () => {
    const { clock, mqtt, local, outbox, put } = await start();
    local.refuse(() => REJECTED);
    await put('local:bad', 'good');
    await clock.advance(60_000);
    assert.equal(delivered(mqtt), 'good');
    assert.deepEqual(
      outbox.quarantine.map(({ row }) => row.id),
      ['local:bad'],
    );
  });

  it('stop each when it has nothing left to send itself', async () => {
    const { clock, mqtt, local, senders, put, outbox } = await start();
    local.goOffline();
    mqtt.holdAcks = true;
    await put('local:a', 'b');
    const over: number[] = [];
    const stops = senders.map((sender, at) => sender.stop(1_000).then(() => over.push(at)));
    await clock.advance(10);
    assert.deepEqual(over, [1], 'the one that is away waits for nothing; the other for its acknowledgement');
    mqtt.acknowledge();
    await Promise.all(stops);
    assert.deepEqual(over, [1, 0], 'and not for what lies there for the other');
    assert.equal(outbox.stats().rows, 1);
    assert.equal(clock.pending, 0);
  });
});
