import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { MIN_OUTBOX_BYTES } from '../../src/adapters/sqlite/limits.ts';
import type { SqliteOutbox } from '../../src/adapters/sqlite/outbox.ts';
import { MESSAGE_CLASSES, type OutMessage } from '../../src/domain/message.ts';
import { MAX_PER_PUT } from '../../src/ports/outbox.ts';
import { all, sqliteOutbox, stateFolder } from '../fixtures/outbox/messages.ts';

const SUFFIXES = ['', '-wal', '-shm', '-journal', '.ballast'];

describe('the files of the outbox', function () {
  this.timeout(60_000);
  let folder: ReturnType<typeof stateFolder>;
  let outbox: SqliteOutbox;

  beforeEach(async () => {
    folder = stateFolder();
    outbox = sqliteOutbox(folder.file(), { commitMs: 0, maxFacts: 500 });
    await outbox.start();
  });

  afterEach(async () => {
    await outbox.stop();
    folder.remove();
  });

  function bytesOnDisk(): number {
    const files = SUFFIXES.map((suffix) => folder.file() + suffix).filter(existsSync);
    return files.reduce((sum, file) => sum + statSync(file).size, 0);
  }

  /** Ids that hit a new page of the index each time: the dearest kind. */
  function scattered(n: number, bytes: number): OutMessage {
    const id = createHash('sha1').update(String(n)).digest('hex');
    const messageClass = MESSAGE_CLASSES[n % 3] ?? 'alarm';
    return { id, class: messageClass, topic: 'dt/a', payload: new Uint8Array(bytes) };
  }

  async function stress(puts: number, perPut: number, bytes: (n: number) => number): Promise<number> {
    let peak = 0;
    let n = 0;
    for (let i = 0; i < puts; i++) {
      const batch = Array.from({ length: perPut }, () => scattered(++n, bytes(n)));
      const put = await outbox.put(batch, [
        { name: `cmd/${createHash('sha1').update(`f${i}`).digest('hex')}`, value: 'x' },
      ]);
      assert.ok(put.ok || put.error.code === 'E_OUTBOX_FULL'); // a result, when there are no results to drop
      if (i % 6 === 0) outbox.done(outbox.next(0, perPut).map((row) => row.seq));
      peak = Math.max(peak, bytesOnDisk());
    }
    return peak;
  }

  it('stay below maxBytes with many small rows', async () => {
    const peak = await stress(500, 40, () => 60);
    assert.ok(outbox.stats().dropped.result > 0, 'the cap was met');
    assert.ok(peak <= MIN_OUTBOX_BYTES, `${peak} bytes`);
  });

  it('stay below maxBytes with puts as large as they may be', async () => {
    const peak = await stress(30, MAX_PER_PUT - 1, () => 210);
    assert.ok(outbox.stats().dropped.result > 0, 'the cap was met');
    assert.ok(peak <= MIN_OUTBOX_BYTES, `${peak} bytes`);
  });

  it('stay below maxBytes with messages of all sizes', async () => {
    const peak = await stress(300, 2, (n) => (n * 7919) % 120_000);
    assert.ok(outbox.stats().dropped.result > 0, 'the cap was met');
    assert.ok(peak <= MIN_OUTBOX_BYTES, `${peak} bytes`);
  });

  it('use most of the room that they have before anything is dropped', async () => {
    for (let n = 0; outbox.stats().dropped.result === 0; n += 10) {
      assert.ok(n < 10_000, 'nothing was ever dropped');
      await outbox.put(Array.from({ length: 10 }, (_, i) => ({ ...scattered(n + i, 500), class: 'result' as const })));
    }
    const kept = all(outbox).reduce((sum, row) => sum + row.payload.length, 0);
    assert.ok(kept > MIN_OUTBOX_BYTES / 2, `${kept} bytes of payload`);
    assert.ok(outbox.stats().bytes > MIN_OUTBOX_BYTES * 0.6);
  });
});
