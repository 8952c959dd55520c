import assert from 'node:assert/strict';
import { Lifecycle, type Part } from '../../../src/agent/lifecycle.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

/** Parts that write down what is done to them. */
class Bench {
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  readonly done: string[] = [];
  readonly deadlines: Record<string, number> = {};
  readonly lifecycle: Lifecycle;

  constructor(...parts: (string | (Partial<Part> & { name: string }))[]) {
    const built = parts.map((part) => this.#part(typeof part === 'string' ? { name: part } : part));
    this.lifecycle = new Lifecycle(built, { clock: this.clock, log: this.log });
  }

  #part({ name, start, stop }: Partial<Part> & { name: string }): Part {
    return {
      name,
      start: () => {
        this.done.push(`+${name}`);
        return start?.();
      },
      stop: (deadlineMs) => {
        this.done.push(`-${name}`);
        this.deadlines[name] = deadlineMs;
        return stop?.(deadlineMs);
      },
    };
  }

  get said(): string {
    return this.done.join(' ');
  }
}

function broken(): never {
  throw new Error('as the test wants');
}

describe('the life of a device', () => {
  it('starts its parts in order and stops them in the opposite order', async () => {
    const bench = new Bench('a', 'b', 'c');
    await bench.lifecycle.start();
    await bench.lifecycle.stop(1000);
    assert.equal(bench.said, '+a +b +c -c -b -a');
    assert.deepEqual(bench.log.events, []);
    assert.equal(bench.clock.pending, 0);
  });

  it('waits for each part before the next one starts', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const bench = new Bench({ name: 'slow', start: () => promise }, 'b');
    const started = bench.lifecycle.start();
    await bench.clock.advance(0);
    assert.equal(bench.said, '+slow');
    resolve();
    await started;
    assert.equal(bench.said, '+slow +b');
  });

  it('tells a start that fails, and stops what was started, the failed part too', async () => {
    const bench = new Bench('a', { name: 'b', start: broken }, 'c');
    await assert.rejects(bench.lifecycle.start(), /as the test wants/);
    await bench.lifecycle.stop(1000);
    assert.equal(bench.said, '+a +b -b -a');
  });

  it('starts nothing more once it is stopped', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const bench = new Bench('a', { name: 'slow', start: () => promise }, 'c');
    const started = bench.lifecycle.start();
    await bench.clock.advance(0);
    await bench.lifecycle.stop(1000);
    resolve();
    await started;
    assert.equal(bench.said, '+a +slow -slow -a');
  });

  it('stops once: a second signal waits for the first', async () => {
    const bench = new Bench('a');
    await bench.lifecycle.start();
    await Promise.all([bench.lifecycle.stop(1000), bench.lifecycle.stop(1)]);
    assert.equal(bench.said, '+a -a');
    assert.equal(bench.deadlines['a'], 1000);
  });

  it('stops what was never started without a word', async () => {
    const bench = new Bench('a');
    await bench.lifecycle.stop(1000);
    assert.equal(bench.said, '');
  });

  for (const [how, stop] of [
    ['throws', broken],
    ['rejects', () => Promise.reject(new Error('as the test wants'))],
  ] as const) {
    it(`stops the others when one ${how}, and says so`, async () => {
      const bench = new Bench('a', { name: 'b', stop }, 'c');
      await bench.lifecycle.start();
      await bench.lifecycle.stop(1000);
      assert.equal(bench.said, '+a +b +c -c -b -a');
      assert.deepEqual(bench.log.events, ['part did not stop in order']);
    });
  }

  it('holds nobody up for a part that hangs longer than there is time', async () => {
    const bench = new Bench('a', 'b', { name: 'hanging', stop: () => new Promise(() => {}) });
    await bench.lifecycle.start();
    const stopped = bench.lifecycle.stop(1000);
    await bench.clock.advance(1000);
    await stopped;
    assert.deepEqual(bench.deadlines, { hanging: 1000, b: 100, a: 100 });
    assert.deepEqual(bench.log.lines[0]?.fields, { part: 'hanging', waitedMs: 1000 });
    assert.equal(bench.clock.pending, 0);
  });

  it('gives each part what the ones before it left', async () => {
    const bench = new Bench('a', { name: 'slow', stop: (): Promise<void> => bench.clock.sleep(300) });
    await bench.lifecycle.start();
    const stopped = bench.lifecycle.stop(1000);
    await bench.clock.advance(300);
    await stopped;
    assert.deepEqual(bench.deadlines, { slow: 1000, a: 700 });
  });
});
