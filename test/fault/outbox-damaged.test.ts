import assert from 'node:assert/strict';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { PAGE_BYTES } from '../../src/adapters/sqlite/limits.ts';
import type { SqliteOutbox, SqliteOutboxOptions } from '../../src/adapters/sqlite/outbox.ts';
import { CLASS_RANK } from '../../src/adapters/sqlite/schema.ts';
import { FakeLog } from '../fakes/log.ts';
import { all, ids, message, messages, sqliteOutbox, stateFolder } from '../fixtures/outbox/messages.ts';

/** First byte of a page that holds rows, and of one that holds index entries (sqlite.org/fileformat2.html, section 1.6). */
const TABLE_LEAF = 0x0d;
const INDEX_LEAF = 0x0a;

describe('a damaged outbox', function () {
  this.timeout(20_000);
  let folder: ReturnType<typeof stateFolder>;
  let file: string;
  let log: FakeLog;
  let outbox: SqliteOutbox;

  beforeEach(async () => {
    folder = stateFolder();
    file = folder.file();
    log = new FakeLog();
    await restart();
  });

  afterEach(async () => {
    await outbox.stop();
    folder.remove();
  });

  async function restart(options: Partial<SqliteOutboxOptions> = {}): Promise<string | undefined> {
    outbox = sqliteOutbox(file, { log, ...options });
    return (await outbox.start()).movedAside;
  }

  async function fill(n: number, bytes: number): Promise<void> {
    for (let i = 0; i < n; i++)
      await outbox.put([message(`m${i}`, 'alarm', bytes)], [{ name: `cmd/${i % 50}`, value: 'x' }]);
  }

  /** Overwrites bytes of the file, behind the back of whoever has it open. */
  function overwrite(at: number, bytes: Uint8Array): void {
    const handle = openSync(file, 'r+');
    writeSync(handle, bytes, 0, bytes.length, at);
    closeSync(handle);
  }

  function asides(): string[] {
    return readdirSync(folder.path).filter((name) => name.includes('.damaged-') && !name.endsWith('-wal'));
  }

  async function worksAgain(): Promise<void> {
    assert.ok((await outbox.put([message('new')])).ok);
    assert.equal(all(outbox).at(-1)?.id, 'new');
  }

  it('sends no row whose payload has a flipped bit, and sends the others', async () => {
    await outbox.put([message('a'), { ...message('b'), payload: Buffer.from('needle-in-the-payload') }, message('c')]);
    await outbox.stop();
    const at = readFileSync(file).indexOf('needle-in-the-payload');
    overwrite(at + 3, Buffer.from('f')); // e with one bit more
    assert.equal(await restart(), undefined, 'SQLite itself sees no damage');
    assert.deepEqual(ids(outbox.next(0, 2)), ['a', 'c']);
    assert.deepEqual([outbox.stats().damaged, outbox.stats().rows], [1, 2]);
    await outbox.stop();
    await restart();
    assert.deepEqual(ids(all(outbox)), ['a', 'c'], 'it stays aside');
  });

  it('believes no fact whose value has a flipped bit', async () => {
    await outbox.put(
      [],
      [
        { name: 'cmd/1', value: 'needle' },
        { name: 'cmd/2', value: 'done' },
      ],
    );
    await outbox.stop();
    overwrite(readFileSync(file).indexOf('needle'), Buffer.from('o'));
    await restart();
    assert.deepEqual([...outbox.facts('cmd/')], [['cmd/2', 'done']]);
    assert.equal(outbox.stats().damaged, 1);
  });

  const WAYS: Record<string, () => void> = {
    'with a header of zeros': () => overwrite(0, new Uint8Array(100)),
    'that is not a database': () => writeFileSync(file, 'garbage '.repeat(2_000)),
    'cut in the middle of a page': () => truncateSync(file, Math.floor(statSync(file).size / 2) + 17),
    'with a page of noise': () => overwrite(5 * PAGE_BYTES, Buffer.alloc(PAGE_BYTES, 0xa5)),
    'of another schema': () => {
      const db = new DatabaseSync(file);
      db.exec('PRAGMA user_version = 99');
      db.close();
    },
    'with tables that are not ours': () => {
      writeFileSync(file, '');
      const db = new DatabaseSync(file);
      db.exec('CREATE TABLE strangers (name TEXT)');
      db.close();
    },
  };
  for (const [way, damage] of Object.entries(WAYS)) {
    it(`${way} is moved aside at the start, told, and a new one works`, async () => {
      await fill(300, 300);
      await outbox.stop();
      damage();
      const movedAside = await restart();
      assert.match(movedAside ?? '', /outbox\.db\.damaged-\d{4}-\d\d-\d\dT/);
      assert.deepEqual(log.events, ['damaged outbox moved aside']);
      await worksAgain();
      await outbox.stop();
      assert.equal(await restart(), undefined);
    });
  }

  it('gives back what is readable on both sides of a bad page', async () => {
    await fill(300, 300);
    await outbox.stop();
    const at = readFileSync(file).indexOf(`m150${String.fromCharCode(CLASS_RANK.alarm)}dt/alarm`);
    assert.ok(at > 0);
    const pageStart = at - (at % PAGE_BYTES);
    overwrite(pageStart, Buffer.alloc(200, 0xa5));
    assert.notEqual(await restart(), undefined);
    const kept = ids(all(outbox));
    assert.ok(kept.length > 250 && kept.length < 300, `${kept.length} of 300`);
    assert.ok(kept.includes('m0') && kept.includes('m299') && !kept.includes('m150'));
    assert.ok(outbox.facts('cmd/').size > 0);
  });

  /** Fills more than SQLite caches, restarts, and ruins pages of one kind while the outbox runs. */
  async function ruinWhileRunning(kindOfPage: number): Promise<void> {
    await outbox.stop();
    await restart({ maxBytes: 16e6 });
    for (let i = 0; i < 30; i++) await outbox.put(messages(`m${i}-`, 100, 'alarm', 1_500)); // more than SQLite caches
    await outbox.stop();
    await restart({ maxBytes: 16e6 });
    const content = readFileSync(file);
    for (let at = 20 * PAGE_BYTES; at < content.length; at += PAGE_BYTES) {
      if (content[at] === kindOfPage) overwrite(at, Buffer.alloc(100, 0xa5));
    }
  }

  it('found while reading is replaced without a restart, and what waits is still put', async () => {
    await ruinWhileRunning(TABLE_LEAF);
    const newest = outbox.stats().newestSeq;
    const put = outbox.put(messages('late', 3));
    const seen = all(outbox);
    assert.ok((await put).ok);
    assert.ok(seen.length < 3_000);
    assert.equal(asides().length, 1);
    const late = all(outbox).filter((row) => row.id.startsWith('late'));
    assert.deepEqual(ids(late), ['late0', 'late1', 'late2']);
    assert.ok(
      late.every((row) => row.seq > newest),
      'seqs go on: the sender reads on from where it was',
    );
    await worksAgain();
  });

  it('found while writing is replaced without a restart, and what is put is put', async () => {
    await ruinWhileRunning(INDEX_LEAF);
    const puts = messages('m17-5', 20).map((each) => outbox.put([each]));
    for (const put of await Promise.all(puts)) assert.ok(put.ok);
    assert.equal(asides().length, 1);
    assert.equal(all(outbox).filter((row) => row.id.startsWith('m17-51')).length, 11, 'm17-51 was there, ten are new');
    await worksAgain();
  });

  it('leaves at most three files aside', async () => {
    for (let i = 0; i < 5; i++) {
      await outbox.stop();
      writeFileSync(file, `garbage ${i} `.repeat(1_000));
      await restart();
    }
    assert.equal(asides().length, 3);
    const newest = asides().map((name) => readFileSync(folder.file(name), 'utf8').slice(0, 9));
    assert.deepEqual(newest.sort(), ['garbage 2', 'garbage 3', 'garbage 4']);
  });
});
