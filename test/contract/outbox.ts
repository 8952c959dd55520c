import assert from 'node:assert/strict';
import { failure } from '../../src/domain/errors.ts';
import type { Outbox } from '../../src/ports/outbox.ts';
import { all, ids, message, messages } from '../fixtures/outbox/messages.ts';

export type OutboxHarness = {
  /** Makes an outbox that is not started. Its cap lies between 2 and 4 MiB. */
  make(limits: { maxRows: number; maxFacts: number; maxTries: number }): Outbox;
  /** Another outbox over what the stopped one held, as after a restart. */
  reopen(): Outbox;
  end(): void;
};

const LIMITS = { maxRows: 1000, maxFacts: 10, maxTries: 3 };
const REJECTED = failure('E_BUS_REJECTED');

/** What every outbox keeps to, whatever is behind it. */
export function outboxContract(create: () => OutboxHarness): void {
  let harness: OutboxHarness;
  let outbox: Outbox;

  beforeEach(async () => {
    harness = create();
    outbox = harness.make(LIMITS);
    await outbox.start();
  });

  afterEach(async () => {
    await outbox.stop();
    harness.end();
  });

  async function restart(): Promise<void> {
    await outbox.stop();
    outbox = harness.reopen();
    await outbox.start();
  }

  describe('messages', () => {
    it('gives back what was put, oldest first', async () => {
      const full = { ...message('a'), payload: Uint8Array.of(0, 255, 7), correlationData: Uint8Array.of(1) };
      assert.deepEqual(await outbox.put([full]), { ok: true, value: undefined });
      await outbox.put([message('b'), message('c')]);
      const [first, ...rest] = outbox.next(0, 10);
      assert.deepEqual({ ...first, payload: Uint8Array.from(first?.payload ?? []) }, { ...full, seq: 1, tries: 0 });
      assert.deepEqual(ids(rest), ['b', 'c']);
    });

    it('gives pages that follow each other', async () => {
      await outbox.put(messages('m', 5));
      const first = outbox.next(0, 2);
      const second = outbox.next(first[1]?.seq ?? 0, 2);
      assert.deepEqual(
        [ids(first), ids(second)],
        [
          ['m0', 'm1'],
          ['m2', 'm3'],
        ],
      );
      assert.deepEqual(outbox.next(0, 0), []);
    });

    it('keeps the order of overlapping puts', async () => {
      await Promise.all(messages('m', 50).map((each) => outbox.put([each])));
      assert.deepEqual(ids(outbox.next(0, 100)), ids(messages('m', 50)));
    });

    it('queues an id once, and still writes the facts that came with it', async () => {
      await outbox.put([message('a')]);
      assert.ok((await outbox.put([message('a')], [{ name: 'cmd/1', value: 'done' }])).ok);
      await outbox.put([message('b'), message('b')]);
      assert.deepEqual(ids(outbox.next(0, 10)), ['a', 'b']);
      assert.equal(outbox.facts('cmd/').get('cmd/1'), 'done');
      assert.equal(outbox.stats().rows, 2);
    });

    it('queues an id again once the first was delivered', async () => {
      await outbox.put([message('a')]);
      outbox.done([1]);
      await outbox.put([message('a')]);
      assert.deepEqual(ids(outbox.next(0, 10)), ['a']);
    });

    it('forgets delivered rows at once, and unknown ones without complaint', async () => {
      await outbox.put(messages('m', 3));
      outbox.done([1, 3, 99]);
      outbox.done([1]);
      assert.deepEqual(ids(outbox.next(0, 10)), ['m1']);
      assert.equal(outbox.stats().rows, 1);
    });

    it('calls listeners after rows became durable, until they stop listening', async () => {
      const seen: number[] = [];
      const stop = outbox.onPut(() => seen.push(outbox.next(0, 10).length));
      await outbox.put([message('a')]);
      await outbox.put([], [{ name: 'cmd/1', value: 'done' }]);
      stop();
      await outbox.put([message('b')]);
      assert.deepEqual(seen, [1]);
    });
  });

  describe('the buses that topics name', () => {
    const routed = (...topics: string[]) => topics.map((topic) => ({ ...message(topic), topic }));

    it('choose what is given, oldest first; without a choice all is', async () => {
      await outbox.put(routed('a', 'local:b', 'mqtt:c', 'd', 'iotcore:e', 'locals:f'));
      assert.deepEqual(ids(outbox.next(0, 10, ['local'])), ['local:b']);
      assert.deepEqual(ids(outbox.next(0, 10, ['iotcore'])), ['iotcore:e']);
      assert.deepEqual(ids(outbox.next(0, 10, ['mqtt', undefined])), ['a', 'mqtt:c', 'd', 'locals:f']);
      assert.equal(outbox.next(0, 10).length, 6);
      assert.deepEqual(outbox.next(0, 10, []), []);
    });

    it('give pages that follow each other', async () => {
      await outbox.put(routed('mqtt:0', 'local:1', '2', 'mqtt:3', 'local:4', '5', '6'));
      const seen: string[][] = [];
      for (let at = 0; ; ) {
        const page = outbox.next(at, 2, [undefined, 'mqtt']);
        at = page.at(-1)?.seq ?? 0;
        if (page.length === 0) break;
        seen.push(ids(page));
      }
      assert.deepEqual(seen, [['mqtt:0', '2'], ['mqtt:3', '5'], ['6']]);
    });

    it('leave out what is done, and stay over a restart', async () => {
      await outbox.put(routed('local:a', 'b', 'local:c', 'local:d'));
      outbox.done([1]);
      assert.deepEqual(ids(outbox.next(0, 1, ['local'])), ['local:c']);
      await restart();
      assert.deepEqual(ids(outbox.next(0, 10, ['local'])), ['local:c', 'local:d']);
      assert.equal(outbox.next(0, 1, ['local'])[0]?.topic, 'local:c');
    });
  });

  describe('failed attempts', () => {
    it('are counted and shown', async () => {
      await outbox.put([message('a'), message('b')]);
      assert.equal(outbox.failed(1, REJECTED), false);
      assert.deepEqual(
        outbox.next(0, 10).map((row) => row.tries),
        [1, 0],
      );
    });

    it('put a row into quarantine after maxTries, and others go on', async () => {
      await outbox.put([message('poison'), message('b')]);
      assert.deepEqual(
        [1, 2, 3].map(() => outbox.failed(1, REJECTED)),
        [false, false, true],
      );
      assert.deepEqual(ids(outbox.next(0, 10)), ['b']);
      assert.equal(outbox.stats().quarantined, 1);
      assert.equal(outbox.stats().rows, 1);
      assert.equal(outbox.failed(1, REJECTED), false, 'it is no longer there');
    });

    it('of unknown rows are nothing', () => {
      assert.equal(outbox.failed(42, REJECTED), false);
    });
  });

  describe('restarts', () => {
    it('keep messages, order, tries and facts', async () => {
      await outbox.put(messages('m', 3), [{ name: 'alarm/a', value: '1' }]);
      outbox.done([1]);
      outbox.failed(2, REJECTED);
      await restart();
      assert.deepEqual(
        outbox.next(0, 10).map(({ id, seq, tries }) => [id, seq, tries]),
        [
          ['m1', 2, 1],
          ['m2', 3, 0],
        ],
      );
      assert.deepEqual([...outbox.facts('')], [['alarm/a', '1']]);
      assert.equal(outbox.stats().rowsByClass.alarm, 2);
    });

    it('never give a seq twice, even when the queue was empty', async () => {
      await outbox.put([message('a')]);
      outbox.done([1]);
      await restart();
      assert.equal(outbox.stats().newestSeq, 1);
      await outbox.put([message('b')]);
      assert.equal(outbox.next(0, 10)[0]?.seq, 2);
    });
  });

  describe('a stopped outbox', () => {
    it('refuses puts with E_OUTBOX_CLOSED and gives nothing', async () => {
      await outbox.put([message('a')]);
      await outbox.stop();
      await outbox.stop();
      const put = await outbox.put([message('b')]);
      assert.equal(!put.ok && put.error.code, 'E_OUTBOX_CLOSED');
      assert.deepEqual(outbox.next(0, 10), []);
      assert.equal(outbox.failed(1, REJECTED), false);
      outbox.done([1]);
      await restart();
      assert.deepEqual(ids(outbox.next(0, 10)), ['a']);
    });

    it('has committed what was pending', async () => {
      const put = outbox.put([message('a')]);
      await outbox.stop();
      assert.ok((await put).ok);
      await restart();
      assert.deepEqual(ids(outbox.next(0, 10)), ['a']);
    });
  });

  describe('facts', () => {
    it('are found by prefix, overwritten and forgotten', async () => {
      await outbox.put(
        [],
        [
          { name: 'alarm/a', value: '1' },
          { name: 'cmd/1', value: 'x' },
          { name: 'cmd/2', value: 'y' },
        ],
      );
      await outbox.put(
        [],
        [
          { name: 'cmd/1', value: 'z' },
          { name: 'cmd/2', value: null },
        ],
      );
      assert.deepEqual([...outbox.facts('cmd/')], [['cmd/1', 'z']]);
      assert.deepEqual(
        [...outbox.facts('')],
        [
          ['alarm/a', '1'],
          ['cmd/1', 'z'],
        ],
      );
      assert.equal(outbox.facts('cmd/_%').size, 0);
    });

    it('beyond their limit go, the least recently written first, those of alarms last', async () => {
      await outbox.put(
        [],
        [
          { name: 'alarm/a', value: '1' },
          { name: 'alarm/b', value: '1' },
        ],
      );
      for (let i = 0; i < 8; i++) await outbox.put([], [{ name: `cmd/${i}`, value: 'done' }]);
      await outbox.put([], [{ name: 'cmd/0', value: 'again' }]);
      await outbox.put([], [{ name: 'cmd/8', value: 'done' }]);
      assert.equal(outbox.facts('').size, LIMITS.maxFacts);
      assert.equal(outbox.facts('alarm/').size, 2);
      assert.equal(outbox.facts('cmd/1').size, 0, 'the least recently written');
      assert.equal(outbox.facts('cmd/0').get('cmd/0'), 'again');
    });
  });

  describe('a full outbox', () => {
    const LARGE = 40_000;

    /** Fills with rows of one class until it starts to drop them; returns how many there are. */
    async function fill(messageClass: 'result' | 'alarm'): Promise<number> {
      for (let i = 0; outbox.stats().dropped[messageClass] === 0; i++) {
        assert.ok(i < 200, 'nothing was dropped');
        assert.ok((await outbox.put([message(`${messageClass}${i}`, messageClass, LARGE)])).ok);
      }
      return outbox.stats().rows;
    }

    it('drops the oldest of its own class in favour of the newer', async () => {
      await fill('result');
      assert.notEqual(outbox.next(0, 1)[0]?.id, 'result0');
      assert.ok(all(outbox).length > 40);
    });

    it('drops the oldest of the lowest class first', async () => {
      const alarm = message('early-alarm', 'alarm', LARGE);
      await outbox.put([alarm]);
      const rows = await fill('result');
      for (let i = 0; i < 10; i++) assert.ok((await outbox.put([message(`late${i}`, 'alarm', LARGE)])).ok);
      const { dropped, rowsByClass } = outbox.stats();
      assert.deepEqual([dropped.alarm, rowsByClass.alarm], [0, 11]);
      assert.ok(dropped.result >= 10 && dropped.result < rows, `${dropped.result} results dropped`);
      assert.equal(outbox.next(0, 1)[0]?.id, alarm.id);
    });

    it('refuses what ranks below everything that it holds, and drops nothing for it', async () => {
      await fill('alarm');
      const before = outbox.stats();
      const put = await outbox.put([message('r', 'result', 3 * LARGE)], [{ name: 'cmd/1', value: 'x' }]);
      assert.equal(!put.ok && put.error.code, 'E_OUTBOX_FULL');
      assert.deepEqual(outbox.stats().dropped, before.dropped);
      assert.equal(outbox.stats().rows, before.rows);
      assert.equal(outbox.facts('cmd/').size, 0, 'a fact is not written without its message');
    });

    it('takes messages again once some were delivered', async () => {
      await fill('alarm');
      outbox.done(outbox.next(0, 5).map((row) => row.seq));
      assert.ok((await outbox.put([message('r', 'result', LARGE)])).ok);
    });

    it('counts rows as well as bytes', async () => {
      await outbox.put(messages('r', 900, 'result'));
      await outbox.put(messages('a', 150, 'alarm'));
      const { rows, rowsByClass, dropped } = outbox.stats();
      assert.deepEqual([rows, rowsByClass.alarm, dropped.result], [LIMITS.maxRows, 150, 50]);
      assert.equal(outbox.next(0, 1)[0]?.id, 'r50');
    });
  });
}
