import assert from 'node:assert/strict';
import type { ErrorCode, Failure } from '../../src/domain/errors.ts';
import type { Bus, BusState, Incoming, Outgoing } from '../../src/ports/bus.ts';

/** A bus under test, and the hands to play its broker. */
export type BusBench = {
  /** Not started yet. */
  readonly bus: Bus;
  /** Publishes as another client does. */
  publish(message: Outgoing): Promise<void>;
  /** What other clients have received on `t/#`, in order. */
  readonly seen: readonly { readonly topic: string; readonly payload: string }[];
  /** Takes the broker away, and brings it back. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** What the bus says when its broker is away; E_BUS_UNREACHABLE unless given. */
  readonly unreachable?: ErrorCode;
  /** Whether it takes messages to retain; what it does not take it refuses. */
  readonly retains: boolean;
  /** Ends everything that the bench started, but not the bus. */
  close(): Promise<void>;
};

/** What every bus does, the fake one too. `open` makes a fresh bench a test. */
export function describeBus(name: string, open: (context: Mocha.Context) => Promise<BusBench>): void {
  describe(`bus contract: ${name}`, function () {
    this.timeout(30_000);
    let bench: BusBench;
    let bus: Bus;

    beforeEach(async function () {
      bench = await open(this);
      bus = bench.bus;
    });

    afterEach(async () => {
      await bus?.stop(1_000);
      await bench?.close();
    });

    it('gives a message to the handler of its filter, and to no other', async () => {
      const right = collect(bus, 't/+/in');
      const wrong = collect(bus, 't/other');
      await goOnline(bus);
      await bench.publish({ topic: 't/a/in', payload: 'hello' });
      await until(() => right.length === 1);
      assert.deepEqual(right, [{ topic: 't/a/in', payload: 'hello' }]);
      assert.equal(wrong.length, 0);
    });

    it('takes a subscription that is made while it is online', async () => {
      await goOnline(bus);
      const late = collect(bus, 't/late');
      await untilTried(
        () => bench.publish({ topic: 't/late', payload: 'x' }),
        () => late.length > 0,
      );
    });

    it('hands over the messages of one topic in order', async () => {
      const came = collect(bus, 't/order');
      await goOnline(bus);
      const sent = Array.from({ length: 200 }, (_, i) => ({ topic: 't/order', payload: String(i) }));
      assert.equal(bus.publishDirect(sent), true);
      await until(() => came.length === sent.length);
      assert.deepEqual(came, sent);
      await until(() => bench.seen.length === sent.length);
      assert.deepEqual(bench.seen, sent);
    });

    it('hears its own messages, on wildcards too', async () => {
      const came = collect(bus, 't/+/own');
      await goOnline(bus);
      assert.equal((await bus.publishAcked({ topic: 't/my/own', payload: 'x' })).ok, true);
      await until(() => came.length > 0);
      assert.deepEqual(came, [{ topic: 't/my/own', payload: 'x' }]);
    });

    it('runs handlers one after another, also when one has to wait', async () => {
      const steps: string[] = [];
      bus.subscribe('t/slow', 1, async ({ payload }) => {
        const what = Buffer.from(payload).toString();
        steps.push(`${what} starts`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        steps.push(`${what} ends`);
      });
      await goOnline(bus);
      for (const payload of ['1', '2', '3']) await bench.publish({ topic: 't/slow', payload });
      await until(() => steps.length === 6);
      assert.deepEqual(steps, ['1 starts', '1 ends', '2 starts', '2 ends', '3 starts', '3 ends']);
    });

    it('goes on after a handler that throws or rejects', async () => {
      bus.subscribe('t/throws', 1, () => {
        throw new Error('thrown by the test');
      });
      bus.subscribe('t/rejects', 1, async () => {
        throw new Error('rejected by the test');
      });
      const after = collect(bus, 't/after');
      await goOnline(bus);
      for (const topic of ['t/throws', 't/rejects', 't/after']) await bench.publish({ topic, payload: 'x' });
      await until(() => after.length === 1);
    });

    it('resolves an acknowledged message when the broker has it', async () => {
      await goOnline(bus);
      assert.deepEqual(await bus.publishAcked({ topic: 't/acked', payload: new Uint8Array([65, 66]) }), {
        ok: true,
        value: undefined,
      });
      await until(() => bench.seen.length === 1);
      assert.deepEqual(bench.seen, [{ topic: 't/acked', payload: 'AB' }]);
    });

    it('retains a message for who comes later, or refuses to', async () => {
      await goOnline(bus);
      const result = await bus.publishAcked({ topic: 't/kept', payload: 'x', retain: true });
      if (!bench.retains) {
        assert.equal(!result.ok && result.error.code, 'E_BUS_REJECTED');
        return;
      }
      assert.equal(result.ok, true);
      const late: boolean[] = [];
      bus.subscribe('t/kept', 1, ({ retained }) => {
        late.push(retained);
      });
      await until(() => late.length > 0);
      assert.deepEqual(late, [true]);
    });

    it('refuses a topic with a wildcard and stays online', async () => {
      await goOnline(bus);
      const result = await bus.publishAcked({ topic: 't/#', payload: 'x' });
      assert.equal(!result.ok && result.error.code, 'E_TOPIC_INVALID');
      assert.equal(bus.publishDirect([{ topic: 't/+', payload: 'x' }]), true);
      assert.equal((await bus.publishAcked({ topic: 't/fine', payload: 'x' })).ok, true);
      await until(() => bench.seen.length > 0);
      assert.deepEqual(bench.seen, [{ topic: 't/fine', payload: 'x' }]);
      assert.equal(bus.state, 'online');
    });

    it('sends nothing and waits for nothing before it is started', async () => {
      assert.equal(bus.publishDirect([{ topic: 't/x', payload: 'x' }]), false);
      const result = await bus.publishAcked({ topic: 't/x', payload: 'x' });
      assert.equal(!result.ok && result.error.code, 'E_BUS_OFFLINE');
      assert.equal(bus.window, 0);
    });

    it('tells its states, and the reason when it goes offline', async () => {
      const told = states(bus);
      await goOnline(bus);
      assert.deepEqual(told.at(-1), ['online', undefined]);
      await bench.cut();
      await until(() => bus.state !== 'online');
      assert.deepEqual(
        told.slice(0, 3).map(([state]) => state),
        ['connecting', 'online', 'offline'],
      );
      assert.equal(told[2]?.[1]?.code, bench.unreachable ?? 'E_BUS_UNREACHABLE');
      assert.deepEqual(bus.lastError, told[2]?.[1]);
      await bus.stop(1_000);
      assert.equal(told.at(-1)?.[0], 'stopped');
    });

    it('refuses everything at once while offline, and comes back by itself with its subscriptions', async () => {
      const came = collect(bus, 't/back');
      await goOnline(bus);
      await bench.cut();
      await until(() => bus.state !== 'online');
      assert.equal(bus.publishDirect([{ topic: 't/x', payload: 'x' }]), false);
      const result = await bus.publishAcked({ topic: 't/x', payload: 'x' });
      assert.equal(!result.ok && result.error.code, 'E_BUS_OFFLINE');
      assert.equal(bus.window, 0);
      await bench.restore();
      await until(() => bus.state === 'online');
      await bench.publish({ topic: 't/back', payload: 'again' });
      await until(() => came.length > 0);
      assert.deepEqual(came, [{ topic: 't/back', payload: 'again' }], 'once: no handler is doubled');
    });

    it('gives a message once to every handler whose filter matches, the one filter within the other', async () => {
      const wide = collect(bus, 't/wide/#');
      const narrow = collect(bus, 't/wide/+/in');
      await goOnline(bus);
      const late = collect(bus, 't/wide/1/in');
      await untilTried(
        () => bench.publish({ topic: 't/wide/1/in', payload: 'is it subscribed?' }),
        () => late.length > 0,
      );
      for (const payload of ['x', 'y']) await bench.publish({ topic: 't/wide/1/in', payload });
      const all = [wide, narrow, late];
      await until(() => all.every((came) => came.some(({ payload }) => payload === 'y')));
      for (const came of all) {
        const payloads = came.map(({ payload }) => payload).filter((payload) => payload.length === 1);
        assert.deepEqual(payloads, ['x', 'y']);
      }
    });

    it('gives a message at most twice where filters overlap of which neither covers the other', async () => {
      const one = collect(bus, 't/+/b');
      const other = collect(bus, 't/a/+');
      const after = collect(bus, 't/after');
      await goOnline(bus);
      await bench.publish({ topic: 't/a/b', payload: 'x' });
      await bench.publish({ topic: 't/after', payload: 'x' });
      await until(() => after.length > 0 && one.length > 0 && other.length > 0);
      assert.ok(one.length <= 2 && other.length <= 2, `${one.length} and ${other.length}`);
    });

    it('gives a message once to every handler of the same filter', async () => {
      const first = collect(bus, 't/same');
      const second = collect(bus, 't/same');
      await goOnline(bus);
      await bench.publish({ topic: 't/same', payload: 'x' });
      await until(() => second.length > 0);
      assert.deepEqual([first.length, second.length], [1, 1]);
    });

    it('ends the listening to its states on demand', async () => {
      const told: BusState[] = [];
      const end = bus.onState((state) => told.push(state));
      end();
      await goOnline(bus);
      assert.deepEqual(told, []);
    });

    it('stops more than once, and publishes nothing afterwards', async () => {
      await goOnline(bus);
      await Promise.all([bus.stop(1_000), bus.stop(1_000)]);
      await bus.stop(1_000);
      assert.equal(bus.state, 'stopped');
      assert.equal(bus.publishDirect([{ topic: 't/x', payload: 'x' }]), false);
      const result = await bus.publishAcked({ topic: 't/x', payload: 'x' });
      assert.equal(!result.ok && result.error.code, 'E_BUS_OFFLINE');
    });
  });
}

/** Starts the bus and waits until it is online. */
export async function goOnline(bus: Bus): Promise<void> {
  await bus.start();
  await until(() => bus.state === 'online');
}

export function collect(bus: Bus, filter: string, qos: 0 | 1 = 1): { topic: string; payload: string }[] {
  const came: { topic: string; payload: string }[] = [];
  bus.subscribe(filter, qos, (message: Incoming) => {
    came.push({ topic: message.topic, payload: Buffer.from(message.payload).toString() });
  });
  return came;
}

export function states(bus: Bus): [BusState, Failure | undefined][] {
  const told: [BusState, Failure | undefined][] = [];
  bus.onState((state, error) => told.push([state, error]));
  return told;
}

/** Polls: real brokers have their own time. mocha's timeout ends it when it never comes true. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function untilTried(act: () => Promise<void>, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await act();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
