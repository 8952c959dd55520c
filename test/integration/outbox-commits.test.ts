import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { MIN_OUTBOX_BYTES, shareOut } from '../../src/adapters/sqlite/limits.ts';
import type { SqliteOutbox } from '../../src/adapters/sqlite/outbox.ts';
import { failure } from '../../src/domain/errors.ts';
import { MAX_PER_PUT } from '../../src/ports/outbox.ts';
import { FakeClock } from '../fakes/clock.ts';
import { all, ids, message, messages, sqliteOutbox, stateFolder } from '../fixtures/outbox/messages.ts';

describe('commits of the outbox', () => {
  let clock: FakeClock;
  let folder: ReturnType<typeof stateFolder>;
  let outbox: SqliteOutbox;

  beforeEach(async () => {
    clock = new FakeClock();
    folder = stateFolder();
    outbox = sqliteOutbox(folder.file(), { clock, commitMs: 5 });
    await outbox.start();
  });

  afterEach(async () => {
    await outbox.stop();
    folder.remove();
  });

  /** Counts what is told, without waiting for it. */
  function watch(puts: readonly Promise<unknown>[]): { told: number } {
    const watched = { told: 0 };
    for (const put of puts) void put.then(() => watched.told++);
    return watched;
  }

  it('tell nobody that a message is safe before it is', async () => {
    const watched = watch([outbox.put([message('a')])]);
    await clock.advance(4.9);
    assert.deepEqual([watched.told, outbox.next(0, 1).length], [0, 0]);
    await clock.advance(0.1);
    assert.deepEqual([watched.told, outbox.next(0, 1).length], [1, 1]);
  });

  it('are shared by puts that come together', async () => {
    let commits = 0;
    outbox.onPut(() => commits++);
    const watched = watch(messages('m', 40).map((each) => outbox.put([each])));
    await clock.advance(5);
    assert.deepEqual([watched.told, commits], [40, 1]);
  });

  it('happen at once when a batch is full, so that what waits in memory is bounded', async () => {
    const { batchOps, batchBytes } = shareOut(MIN_OUTBOX_BYTES);
    const byRows = watch(messages('m', batchOps).map((each) => outbox.put([each])));
    await clock.advance(0);
    assert.equal(byRows.told, batchOps);
    const byBytes = watch(messages('large', 4, 'alarm', batchBytes / 3).map((each) => outbox.put([each])));
    await clock.advance(0);
    assert.equal(byBytes.told, 3);
  });

  it('refuse a put that is too large for one, in rows or in bytes', async () => {
    const rows = await outbox.put(messages('m', MAX_PER_PUT + 1));
    const bytes = await outbox.put([message('a', 'reply', shareOut(MIN_OUTBOX_BYTES).batchBytes)]);
    assert.deepEqual(
      [rows, bytes].map((put) => !put.ok && put.error.code),
      ['E_OUTBOX_FULL', 'E_OUTBOX_FULL'],
    );
  });

  it('take a put of many rows as one', async () => {
    const put = outbox.put(messages('m', MAX_PER_PUT));
    await clock.advance(5);
    assert.ok((await put).ok);
    assert.equal(all(outbox).length, MAX_PER_PUT);
  });

  it('carry deletes and tries along, after 50 ms at the latest', async () => {
    const put = outbox.put(messages('m', 3));
    await clock.advance(5);
    await put;
    outbox.done([1]);
    outbox.failed(2, failure('E_BUS_REJECTED'));
    assert.equal(clock.pending, 1);
    await clock.advance(50);
    assert.equal(clock.pending, 0);
  });

  it('leave no timer behind after stop', async () => {
    watch([outbox.put([message('a')])]);
    await outbox.stop();
    assert.equal(clock.pending, 0);
  });

  it('leave one file, closed and complete, after stop', async () => {
    const put = outbox.put([message('a')]);
    await outbox.stop();
    await put;
    assert.throws(() => statSync(`${folder.file()}-wal`), { code: 'ENOENT' });
    outbox = sqliteOutbox(folder.file());
    assert.deepEqual(await outbox.start(), { movedAside: undefined });
    assert.deepEqual(ids(outbox.next(0, 9)), ['a']);
  });
});
