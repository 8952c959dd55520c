import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { MIN_OUTBOX_BYTES, PAGE_BYTES, shareOut } from '../../src/adapters/sqlite/limits.ts';
import { openFile } from '../../src/adapters/sqlite/open.ts';
import { QUARANTINE_PAYLOAD_BYTES, QUARANTINE_ROWS, routeCode } from '../../src/adapters/sqlite/schema.ts';
import { Store } from '../../src/adapters/sqlite/store.ts';
import { failure } from '../../src/domain/errors.ts';
import { all, ids, message, messages, sqliteOutbox, stateFolder } from '../fixtures/outbox/messages.ts';

const WRITER = fileURLToPath(new URL('../fixtures/outbox/put-until-killed.ts', import.meta.url));

describe('the file of the outbox', () => {
  let folder: ReturnType<typeof stateFolder>;

  beforeEach(() => {
    folder = stateFolder();
  });

  afterEach(() => folder.remove());

  it('belongs to one process: another gets E_STATE_LOCKED, until the first is killed', async () => {
    const writer = spawn(process.execPath, [WRITER, folder.file(), 'w'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(writer, 'close');
    const outbox = sqliteOutbox(folder.file());
    try {
      await once(writer.stdout, 'data');
      writer.stdout.resume();
      await assert.rejects(outbox.start(), { code: 'E_STATE_LOCKED' });
    } finally {
      writer.kill('SIGKILL');
      await closed;
    }
    assert.deepEqual(await outbox.start(), { movedAside: undefined });
    assert.ok(all(outbox).length > 0);
    await outbox.stop();
  });

  it('belongs to one outbox within a process, too', async () => {
    const first = sqliteOutbox(folder.file());
    await first.start();
    await assert.rejects(sqliteOutbox(folder.file()).start(), { code: 'E_STATE_LOCKED' });
    assert.ok((await first.put([message('a')])).ok);
    await first.stop();
  });

  it('is made with its folder', async () => {
    const outbox = sqliteOutbox(folder.file('deep/state/outbox.db'));
    await outbox.start();
    assert.ok((await outbox.put([message('a')])).ok);
    await outbox.stop();
  });

  it('that cannot be opened is told as E_OUTBOX_IO, and nothing is moved', async () => {
    writeFileSync(folder.file('state'), 'a file where a folder should be');
    await assert.rejects(sqliteOutbox(folder.file('state/outbox.db')).start(), { code: 'E_OUTBOX_IO' });
    await assert.rejects(sqliteOutbox(folder.path).start(), { code: 'E_OUTBOX_IO' });
  });

  describe('of an agent that knew one bus', () => {
    const routed = (prefix: string, n: number) =>
      messages(prefix, n).map((each) => ({ ...each, topic: `${prefix}${each.topic}` }));

    /** What such an agent left: the same tables, and no index of routes. */
    async function older(): Promise<void> {
      const outbox = sqliteOutbox(folder.file());
      await outbox.start();
      await outbox.put([...messages('m', 3), ...routed('local:', 3)]);
      await outbox.stop();
      const db = new DatabaseSync(folder.file());
      db.exec('DROP INDEX messages_by_route; VACUUM');
      db.close();
    }

    function hasIndex(): boolean {
      const db = new DatabaseSync(folder.file(), { readOnly: true });
      const found = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'messages_by_route'").get();
      db.close();
      return found !== undefined;
    }

    it('gets the index of routes when it is opened, and keeps what is in it', async () => {
      await older();
      assert.equal(hasIndex(), false);
      const outbox = sqliteOutbox(folder.file());
      assert.deepEqual(await outbox.start(), { movedAside: undefined });
      assert.deepEqual(ids(outbox.next(0, 9, [undefined])), ['m0', 'm1', 'm2']);
      assert.deepEqual(ids(outbox.next(0, 9, ['local'])), ['local:0', 'local:1', 'local:2']);
      await outbox.stop();
      assert.equal(hasIndex(), true);
    });

    it('does without the index where it has no room for it', async () => {
      await older();
      const limits = shareOut(MIN_OUTBOX_BYTES);
      const pages = statSync(folder.file()).size / PAGE_BYTES;
      const db = openFile(folder.file(), { ...limits, maxPages: pages });
      const store = new Store({ db, maxPages: pages, afterSeq: 0 });
      assert.deepEqual(ids(store.page(0, 9, [routeCode('local')])), ['local:0', 'local:1', 'local:2']);
      assert.deepEqual(ids(store.page(4, 1, [routeCode(undefined), routeCode('local')])), ['local:1']);
      store.close();
      assert.equal(hasIndex(), false);
    });
  });

  it('may not be smaller than one commit needs', async () => {
    await assert.rejects(sqliteOutbox(folder.file(), { maxBytes: 1e6 }).start(), { code: 'E_CONFIG_INVALID' });
  });

  it('binds to a lowered cap what is kept, dropping the lowest class', async () => {
    const large = sqliteOutbox(folder.file(), { maxBytes: 16e6 });
    await large.start();
    for (let i = 0; i < 40; i++) await large.put(messages(`r${i}-`, 10, 'result', 20_000));
    await large.stop();
    const small = sqliteOutbox(folder.file());
    await small.start();
    assert.ok((await small.put([message('alarm')])).ok);
    assert.ok(small.stats().bytes < 4 * 1024 * 1024);
    assert.ok(small.stats().dropped.result > 200);
    assert.equal(all(small).at(-1)?.id, 'alarm');
    await small.stop();
  });

  it('keeps a bounded quarantine with the reason and the beginning of each message', async () => {
    const outbox = sqliteOutbox(folder.file(), { maxTries: 1 });
    await outbox.start();
    for (let i = 0; i < QUARANTINE_ROWS + 6; i++) {
      await outbox.put([message(`poison${i}`, 'alarm', 3_000)]);
      assert.ok(outbox.failed(outbox.stats().newestSeq, failure('E_BUS_REJECTED', 'not authorised')));
    }
    assert.deepEqual(ids(all(outbox)), []);
    await outbox.stop();
    const db = new DatabaseSync(folder.file());
    const kept = db.prepare('SELECT id, reason, length(payload) AS bytes FROM quarantine ORDER BY n').all();
    db.close();
    assert.equal(kept.length, QUARANTINE_ROWS);
    assert.equal(kept[0]?.['id'], 'poison6');
    assert.match(String(kept[0]?.['reason']), /^E_BUS_REJECTED .*not authorised$/);
    assert.equal(kept[0]?.['bytes'], QUARANTINE_PAYLOAD_BYTES);
  });
});
