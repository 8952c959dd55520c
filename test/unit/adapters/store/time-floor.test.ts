import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { FileTimeFloor } from '../../../../src/adapters/store/time-floor.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLog } from '../../../fakes/log.ts';
import { temporaryFolder } from '../../../fixtures/packages/fs-store.ts';

const HOUR_MS = 3_600_000;
/** Looks at a file that is being written, each a turn of the event loop. */
const MAX_TRIES = 2_000;

describe('The floor of time', () => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  let clock: FakeClock;
  let log: FakeLog;

  beforeEach(async () => {
    temporary = await temporaryFolder();
    clock = new FakeClock();
    log = new FakeLog();
  });
  afterEach(() => temporary.remove());

  async function started() {
    const floor = new FileTimeFloor({ file: temporary.path('state/time-floor.json'), clock, log });
    await floor.start();
    return floor;
  }

  it('never goes back, whatever the clock does', async () => {
    const floor = await started();
    const latest = clock.now();
    assert.equal(floor.now(), latest);
    clock.jump(-HOUR_MS);
    assert.equal(floor.now(), latest);
    clock.jump(2 * HOUR_MS);
    assert.equal(floor.now(), latest + HOUR_MS);
    await floor.stop();
  });

  it('survives a restart with a dead battery', async () => {
    const floor = await started();
    const latest = clock.now();
    await floor.stop();
    clock.jump(-1000 * HOUR_MS);
    const next = await started();
    assert.equal(next.now(), latest);
    await next.stop();
    await next.stop();
  });

  it('is saved each hour although nobody asks it: a power cut after years is not a clock that was set back', async () => {
    const floor = await started();
    await clock.advance(HOUR_MS);
    const latest = clock.now();
    const file = temporary.path('state/time-floor.json');
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if ((await readFile(file, 'utf8').catch(() => '')).includes(String(latest))) break;
      await new Promise(setImmediate);
    }
    // The cut: `stop` is not called.
    clock.jump(-1000 * HOUR_MS);
    const next = await started();
    assert.equal(next.now(), latest);
    await Promise.all([floor.stop(), next.stop()]);
    assert.equal(clock.pending, 0);
  });

  it('is saved at most once a minute', async () => {
    const floor = await started();
    floor.now();
    await floor.stop();
    const saved = await readFile(temporary.path('state/time-floor.json'), 'utf8');
    const running = await started();
    clock.jump(59_000);
    running.now();
    assert.equal(await readFile(temporary.path('state/time-floor.json'), 'utf8'), saved);
    await running.stop();
    assert.notEqual(await readFile(temporary.path('state/time-floor.json'), 'utf8'), saved);
  });

  it('starts from the clock when its file is damaged, and says so', async () => {
    await (await started()).stop();
    await writeFile(temporary.path('state/time-floor.json'), 'damaged');
    const floor = await started();
    assert.equal(floor.now(), clock.now());
    assert.deepEqual(log.events, ['time floor is damaged']);
    await floor.stop();
  });

  it('goes on when it cannot be saved', async () => {
    await writeFile(temporary.path('state'), 'a file where a folder should be');
    const floor = await started();
    assert.equal(floor.now(), clock.now());
    await floor.stop();
    assert.ok(log.events.includes('time floor not saved'));
  });
});
