import assert from 'node:assert/strict';
import { Burst } from '../../../../src/adapters/greengrass/burst.ts';
import { FakeClock } from '../../../fakes/clock.ts';

describe('a burst', () => {
  let clock: FakeClock;
  let over: number[];
  let burst: Burst;

  beforeEach(() => {
    clock = new FakeClock();
    over = [];
    burst = new Burst(clock, 500, 5_000, () => over.push(clock.monotonic()));
  });

  it('is over when it has been quiet for long enough, once for all that came', async () => {
    burst.touch();
    await clock.advance(400);
    burst.touch();
    burst.touch();
    await clock.advance(499);
    assert.deepEqual(over, []);
    await clock.advance(60_000);
    assert.deepEqual(over, [900]);
  });

  it('is over when it does not end, and what comes then is another one', async () => {
    for (let ms = 0; ms <= 6_000; ms += 100) {
      burst.touch();
      await clock.advance(100);
    }
    await clock.advance(60_000);
    assert.deepEqual(over, [5_000, 6_500]);
  });

  it('is forgotten by its stop', async () => {
    burst.touch();
    burst.stop();
    await clock.advance(60_000);
    assert.deepEqual(over, []);
    assert.equal(clock.pending, 0);
  });
});
