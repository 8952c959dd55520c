import assert from 'node:assert/strict';
import { keepPace } from '../../../src/sim/pace.ts';
import { FakeClock } from '../../fakes/clock.ts';

describe('sim/pace', () => {
  function setUp(periodMs: number, beats: number) {
    const time = new FakeClock();
    const stop = new AbortController();
    const at: number[] = [];
    const start = (act: (beat: number) => Promise<boolean> = async () => true) =>
      keepPace({ periodMs, beats, time, signal: stop.signal }, (beat) => {
        at.push(time.monotonic());
        return act(beat);
      });
    return { time, stop, at, start };
  }

  it('beats at its moments, the first at once, and ends after the last', async () => {
    const { time, at, start } = setUp(10, 4);
    const done = start();
    await time.advance(100);
    assert.deepEqual(at, [0, 10, 20, 30]);
    assert.deepEqual(await done, { maxLateMs: 0 });
    assert.equal(time.pending, 0);
  });

  it('catches up what is late, so that lateness never adds up', async () => {
    const { time, at, start } = setUp(10, 6);
    const done = start(async (beat) => {
      if (beat === 1) await time.sleep(25);
      return true;
    });
    await time.advance(100);
    assert.deepEqual(at, [0, 10, 35, 35, 40, 50]);
    assert.deepEqual(await done, { maxLateMs: 15 });
  });

  it('keeps the pace of periods that are no whole milliseconds', async () => {
    const { time, at, start } = setUp(64 / 3, 3001);
    const done = start();
    for (let i = 0; i < 64; i++) await time.advance(1000);
    await done;
    assert.ok(Math.abs((at.at(-1) ?? 0) - 64_000) < 1e-6, `the last beat fell at ${at.at(-1)}`);
  });

  it('ends early when the act says so', async () => {
    const { time, at, start } = setUp(10, 100);
    const done = start(async (beat) => beat < 2);
    await time.advance(100);
    await done;
    assert.equal(at.length, 3);
  });

  it('ends at once, and in order, when it is aborted in its sleep', async () => {
    const { time, stop, at, start } = setUp(10, 100);
    const done = start();
    await time.advance(15);
    stop.abort();
    await done;
    assert.equal(at.length, 2);
    assert.equal(time.pending, 0);
  });

  it('gives up when it is hopelessly late', async () => {
    const { time, at, start } = setUp(10, 100);
    const done = start(async () => {
      await time.sleep(20_000);
      return true;
    });
    await time.advance(60_000);
    assert.equal((await done).maxLateMs, 19_990);
    assert.equal(at.length, 1);
  });

  it('rests now and then even when it is late, so that timers get their turn', async () => {
    const { time, start } = setUp(0, 200);
    let turns = 0;
    const sleep = time.sleep.bind(time);
    time.sleep = (ms, signal) => {
      turns++;
      return sleep(ms, signal);
    };
    const done = start();
    for (let i = 0; i < 30; i++) await time.advance(0);
    await done;
    assert.equal(turns, 3);
  });

  it('lets a bug in the sleep come out', async () => {
    const { time, start } = setUp(10, 2);
    time.sleep = () => Promise.reject(new Error('broken'));
    await assert.rejects(start(), /broken/);
  });
});
