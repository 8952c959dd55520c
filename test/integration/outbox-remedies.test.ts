import assert from 'node:assert/strict';
import sinon from 'sinon';
import { Ballast } from '../../src/adapters/sqlite/ballast.ts';
import { Committer } from '../../src/adapters/sqlite/committer.ts';
import { shareOut } from '../../src/adapters/sqlite/limits.ts';
import { measure, Pending } from '../../src/adapters/sqlite/pending.ts';
import { CLASS_RANK } from '../../src/adapters/sqlite/schema.ts';
import type { Store } from '../../src/adapters/sqlite/store.ts';
import { StoreFile } from '../../src/adapters/sqlite/store-file.ts';
import { Writer } from '../../src/adapters/sqlite/writer.ts';
import { failure, type Result } from '../../src/domain/errors.ts';
import type { OutMessage } from '../../src/domain/message.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeLog } from '../fakes/log.ts';
import { ids, message, stateFolder } from '../fixtures/outbox/messages.ts';

const CORRUPT = 11;
const FULL = 13;
const IOERR_WRITE = 778;

describe('what a commit does about trouble', () => {
  let folder: ReturnType<typeof stateFolder>;
  let pending: Pending;
  let committer: Committer;
  let log: FakeLog;

  beforeEach(() => {
    folder = stateFolder();
    pending = new Pending();
    log = new FakeLog();
    const file = folder.file();
    const limits = shareOut(4 * 1024 * 1024);
    const on = { dropped() {}, inserted() {} };
    committer = new Committer({
      file: new StoreFile({ file, limits }),
      ballast: new Ballast({ file: `${file}.ballast`, bytes: limits.ballastBytes }),
      writer: new Writer({ pending, maxRows: 1000, maxFacts: 10, opsPerCommit: limits.batchOps, on }),
      limits,
      pending,
      clock: new FakeClock(),
      log,
    });
    committer.open();
  });

  afterEach(() => {
    sinon.restore();
    committer.close();
    folder.remove();
  });

  function store(): Store {
    assert.ok(committer.store);
    return committer.store;
  }

  /** Adds a put; what it was answered is in the list that is returned. */
  function add(...messages: OutMessage[]): Result<void>[] {
    const answers: Result<void>[] = [];
    pending.add({ ...measure(messages, []), settle: (answer) => answers.push(answer) });
    return answers;
  }

  function codes(answers: Result<void>[]): string[] {
    return answers.map((answer) => (answer.ok ? 'ok' : answer.error.code));
  }

  /** Lets the statements that begin so fail, so many times, as SQLite does. */
  function breakDisk(statement: string, errcode: number, times: number): void {
    const exec = store().db.exec.bind(store().db);
    let left = times;
    sinon.stub(store().db, 'exec').callsFake((sql) => {
      if (sql.startsWith(statement) && left-- > 0) throw Object.assign(new Error('disk says no'), { errcode });
      exec(sql);
    });
  }

  it('refuses alone the put that meets the cap in spite of the estimate', () => {
    add(message('first'));
    committer.commit();
    store().db.exec('PRAGMA max_page_count = 1'); // SQLite makes it what the file holds
    const small = add(message('small'));
    const large = add(message('large', 'reply', 100_000));
    const later = add(message('later'));
    assert.equal(committer.commit(), undefined);
    assert.deepEqual([small, large, later].map(codes), [['ok'], ['E_OUTBOX_FULL'], ['ok']]);
    assert.deepEqual(ids(store().page(0, 9)), ['first', 'small', 'later']);
    assert.equal(store().counts.get(CLASS_RANK.alarm), 3);
  });

  it('lets a row go without evidence when the evidence meets the cap', () => {
    add(message('poison', 'alarm', 2_000));
    committer.commit();
    pending.gone.set(1, { rank: CLASS_RANK.alarm, why: failure('E_BUS_REJECTED', 'x'.repeat(9_000)) });
    store().db.exec('PRAGMA max_page_count = 1');
    assert.equal(committer.commit(), undefined);
    assert.deepEqual([store().rows(), pending.empty], [0, true]);
  });

  it('tells each put that the disk failed, once in the log, and keeps what is delivered for the next time', () => {
    add(message('a'), message('b'));
    committer.commit();
    pending.gone.set(1, { rank: CLASS_RANK.alarm, why: undefined });
    breakDisk('COMMIT', IOERR_WRITE, 2);
    const first = add(message('c'));
    const failed = committer.commit();
    const second = add(message('d'));
    committer.commit();
    assert.deepEqual([failed?.code, codes(first), codes(second)], ['E_OUTBOX_IO', ['E_OUTBOX_IO'], ['E_OUTBOX_IO']]);
    assert.ok(pending.gone.has(1));
    assert.equal(committer.commit(), undefined);
    assert.deepEqual(ids(store().page(0, 9)), ['b']);
    assert.deepEqual(log.events, ['outbox cannot write', 'outbox writes again']);
  });

  it('tries once more after it dropped the ballast, then refuses with E_OUTBOX_FULL', () => {
    breakDisk('COMMIT', FULL, 1);
    const saved = add(message('a'));
    assert.equal(committer.commit(), undefined);
    sinon.restore();
    breakDisk('COMMIT', FULL, 2);
    const refused = add(message('b'));
    committer.commit();
    assert.deepEqual([saved, refused].map(codes), [['ok'], ['E_OUTBOX_FULL']]);
  });

  it('opens again at the next commit when a damaged file could not be replaced at once', () => {
    breakDisk('COMMIT', CORRUPT, 1);
    const replace = sinon.stub(StoreFile.prototype, 'replace').throws(new Error('the folder is read-only'));
    const refused = add(message('a'));
    assert.equal(committer.commit()?.code, 'E_OUTBOX_CORRUPT');
    replace.restore();
    const saved = add(message('b'));
    assert.equal(committer.commit(), undefined);
    assert.deepEqual([refused, saved].map(codes), [['E_OUTBOX_CORRUPT'], ['ok']]);
  });

  it('hides no bug behind the disk', () => {
    store().close();
    const put = add(message('a'));
    assert.equal(committer.commit()?.code, 'E_INTERNAL');
    assert.deepEqual(codes(put), ['E_INTERNAL']);
  });
});
