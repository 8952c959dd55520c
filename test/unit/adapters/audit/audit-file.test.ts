import assert from 'node:assert/strict';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { verifyAudit } from '../../../../src/adapters/audit-chain.ts';
import { FileAudit } from '../../../../src/adapters/audit-file.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLog } from '../../../fakes/log.ts';
import { temporaryFolder } from '../../../fixtures/packages/fs-store.ts';

describe('The audit log', () => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  let log: FakeLog;
  const file = () => temporary.path('state/audit.jsonl');
  const entry = (n: number) => ({ at: n, event: 'rollout.step', facts: { n, text: 'a "b"\u2028\n', ok: true } });
  const lines = async () => (await readFile(file(), 'utf8')).split('\n').slice(0, -1);

  beforeEach(async () => {
    temporary = await temporaryFolder();
    log = new FakeLog();
  });
  afterEach(() => temporary.remove());

  async function started(maxFileBytes?: number) {
    const audit = new FileAudit({ file: file(), clock: new FakeClock(), log, ...(maxFileBytes && { maxFileBytes }) });
    await audit.start();
    return audit;
  }

  async function write(count: number, from = 0, maxFileBytes?: number) {
    const audit = await started(maxFileBytes);
    for (let n = from; n < from + count; n++) await audit.append(entry(n));
    await audit.stop();
  }

  it('holds each entry on a line of JSON, on disk when its promise resolves, over restarts', async () => {
    const audit = await started();
    await audit.append(entry(1));
    assert.equal(JSON.parse((await lines())[0] ?? '').facts.n, 1);
    await audit.stop();
    await write(2, 2);
    assert.deepEqual(
      (await lines()).map((line) => JSON.parse(line).facts.n),
      [1, 2, 3],
    );
    assert.equal((await stat(file())).mode & 0o777, 0o600);
    const verdict = await verifyAudit(file());
    assert.equal(verdict.ok && verdict.entries, 3);
    assert.equal(verdict.ok && verdict.lastHash, JSON.parse((await lines())[2] ?? '').hash);
  });

  it('keeps the order of entries that come at once', async () => {
    const audit = await started();
    await Promise.all(Array.from({ length: 100 }, (_, n) => audit.append(entry(n))));
    await audit.stop();
    assert.deepEqual(
      (await lines()).map((line) => JSON.parse(line).at),
      Array.from({ length: 100 }, (_, n) => n),
    );
    assert.equal((await verifyAudit(file())).ok, true);
  });

  it('shows which line was changed, taken out, put in or moved', async () => {
    await write(6);
    const whole = await lines();
    const tampered: [string[], number, RegExp][] = [
      [whole.with(2, (whole[2] ?? '').replace('"n":2', '"n":7')), 3, /was changed/],
      [whole.toSpliced(2, 1), 3, /does not follow/],
      [whole.toSpliced(0, 0, whole[3] ?? ''), 2, /does not follow/],
      [whole.with(1, whole[2] ?? '').with(2, whole[1] ?? ''), 2, /does not follow/],
      [whole.with(4, 'nonsense'), 5, /is no entry/],
    ];
    for (const [changed, line, reason] of tampered) {
      await writeFile(file(), `${changed.join('\n')}\n`);
      const verdict = await verifyAudit(file());
      assert.ok(!verdict.ok);
      assert.equal(verdict.line, line);
      assert.match(verdict.reason, reason);
    }
  });

  it('is bounded: the oldest file goes, and the chain goes on from its last hash', async () => {
    await write(40, 0, 2000);
    await write(8, 40, 2000);
    const sizes = [(await stat(file())).size, (await stat(`${file()}.1`)).size];
    assert.ok(Math.max(...sizes) < 2600, `${sizes}`);
    const verdict = await verifyAudit(file());
    assert.ok(verdict.ok, JSON.stringify(verdict));
    assert.ok(verdict.entries < 48);
    const older = (await readFile(`${file()}.1`, 'utf8')).split('\n').slice(0, -2);
    await writeFile(`${file()}.1`, `${older.join('\n')}\n`);
    const broken = await verifyAudit(file());
    assert.deepEqual(!broken.ok && [broken.file, broken.line], [file(), 1]);
  });

  it('cuts off half a line that a power cut left, and goes on', async () => {
    await write(3);
    const whole = await readFile(file(), 'utf8');
    await writeFile(file(), whole.slice(0, -20) + 'x'.repeat(3000));
    const torn = await verifyAudit(file());
    assert.deepEqual(torn.ok && [torn.entries, torn.torn], [2, true]);
    await write(1, 9);
    assert.deepEqual(
      (await lines()).map((line) => JSON.parse(line).at),
      [0, 1, 9],
    );
    const healed = await verifyAudit(file());
    assert.deepEqual(healed.ok && [healed.entries, healed.torn], [3, false]);
  });

  it('goes on after a damaged last line, which shows', async () => {
    await write(3);
    const whole = await lines();
    await writeFile(file(), `${whole.with(2, 'damaged').join('\n')}\n`);
    await write(2, 3);
    const verdict = await verifyAudit(file());
    assert.equal(!verdict.ok && verdict.line, 3);
    assert.equal((await lines()).length, 5);
  });

  it('never throws: it counts what could not be written, and tells with the next entry', async () => {
    await mkdir(file(), { recursive: true });
    const audit = await started();
    await audit.append(entry(1));
    await audit.append(entry(2));
    await rm(file(), { recursive: true });
    await audit.append(entry(3));
    await audit.stop();
    const written = (await lines()).map((line) => JSON.parse(line));
    assert.deepEqual(
      written.map(({ event }) => event),
      ['audit.lost', 'rollout.step'],
    );
    assert.equal(written[0].facts.entries, 2);
    assert.ok(log.events.includes('audit log not written'));
    assert.equal((await verifyAudit(file())).ok, true);
  });

  it('tells of an entry that is too large instead of holding it', async () => {
    const audit = await started();
    await audit.append({ at: 1, event: 'command', facts: { text: 'x'.repeat(10_000) } });
    await audit.stop();
    assert.ok(JSON.parse((await lines())[0] ?? '').facts.tooLargeBytes > 10_000);
    await write(1);
    assert.equal((await verifyAudit(file())).ok, true);
  });

  it('is empty, and right, where there is none', async () => {
    const verdict = await verifyAudit(file());
    assert.equal(verdict.ok && verdict.entries, 0);
  });
});
