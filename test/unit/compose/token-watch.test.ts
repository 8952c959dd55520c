import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateListener } from '../../../src/adapters/told-state.ts';
import { TokenWatch } from '../../../src/compose/token-watch.ts';
import { EdgeError, failure } from '../../../src/domain/errors.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';

const MINUTE_MS = 60_000;
const DENIED = failure('E_IPC_DENIED', 'it hung up on it');
const AWAY = failure('E_IPC_UNREACHABLE', 'nobody there');

describe('TokenWatch', () => {
  let folder: string;
  let clock: FakeClock;
  let log: FakeLog;
  let tell: StateListener;
  let watch: TokenWatch;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-watch-'));
    clock = new FakeClock();
    log = new FakeLog();
    watch = await begin();
  });

  afterEach(async () => {
    watch.stop();
    assert.equal(clock.pending, 0);
    await rm(folder, { recursive: true });
  });

  /** Another process of the same component. */
  async function begin(): Promise<TokenWatch> {
    const onState = (listener: StateListener) => {
      tell = listener;
      return () => {};
    };
    const watch = new TokenWatch({ link: { onState }, file: join(folder, 'state', 'ended'), clock, log });
    await watch.start();
    return watch;
  }

  /** The link's attempts for so long, each of which fails. */
  async function fails(forMs: number, error = DENIED): Promise<void> {
    for (let passed = 0; passed < forMs; passed += 5_000) {
      tell('connecting', error);
      tell('offline', error);
      await clock.advance(5_000);
    }
  }

  const expired = () => waitFor('the end', () => watch.expired.aborted);

  it('ends the process after 15 s of nothing but refusals, and says why', async () => {
    await fails(10_000);
    assert.equal(watch.expired.aborted, false);
    await fails(10_000);
    await expired();
    const { reason } = watch.expired;
    assert.ok(reason instanceof EdgeError && reason.code === 'E_IPC_DENIED');
    assert.deepEqual(log.events, [
      'the nucleus does not know our token any more: ending, to be started with a new one',
    ]);
  });

  it('lets a nucleus be that is away, or accepts us after all', async () => {
    for (let i = 0; i < 10; i++) {
      await fails(10_000);
      if (i % 2 === 0) tell('online', undefined);
      else await fails(5_000, AWAY);
    }
    await clock.advance(60 * MINUTE_MS);
    assert.equal(watch.expired.aborted, false);
    assert.deepEqual(log.events, []);
  });

  it('ends no second process within 21 minutes: lite gives up at the third start in an hour', async () => {
    await fails(35_000);
    await expired();
    watch.stop();
    log.lines.length = 0;

    watch = await begin();
    await fails(20 * MINUTE_MS);
    assert.equal(watch.expired.aborted, false);
    assert.equal(log.events.length, 1, 'it says once that it waits');
    assert.match(log.events[0] ?? '', /the last end for it was a short while ago/);
    await fails(2 * MINUTE_MS);
    await expired();
  });

  it('is kept by no clock that went back, and no damaged file', async () => {
    await fails(35_000);
    await expired();
    watch.stop();
    watch = await begin();
    clock.jump(-60 * MINUTE_MS);
    await fails(35_000);
    await expired();
    watch.stop();
    await writeFile(join(folder, 'state', 'ended'), '\0\0');
    watch = await begin();
    await fails(35_000);
    await expired();
  });
});
