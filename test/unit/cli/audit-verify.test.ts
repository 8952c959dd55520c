import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { verifyAudit } from '../../../src/adapters/audit-chain.ts';
import { FileAudit } from '../../../src/adapters/audit-file.ts';
import { auditVerify } from '../../../src/cli/audit-verify.ts';
import type { Io } from '../../../src/cli/io.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { temporaryFolder } from '../../fixtures/packages/fs-store.ts';
import { capture } from './capture.ts';

describe('audit verify', () => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  const file = () => temporary.path('audit.jsonl');

  beforeEach(async () => {
    temporary = await temporaryFolder();
    const audit = new FileAudit({ file: file(), clock: new FakeClock(), log: new FakeLog() });
    await audit.start();
    for (const n of [1, 2, 3]) await audit.append({ at: n, event: 'rollout.step', facts: { n } });
    await audit.stop();
  });
  afterEach(() => temporary.remove());

  async function verify(path = file(), output: Io['output'] = 'json') {
    const { io, written } = capture(output);
    const exitCode = await auditVerify(verifyAudit).run({ args: [path], flags: {} }, io);
    return { exitCode, ...written };
  }

  it('counts the entries of a whole one, and gives its last hash', async () => {
    const { exitCode, out } = await verify();
    const { ok, entries, lastHash, torn } = JSON.parse(out);
    assert.deepEqual([exitCode, ok, entries, torn], [0, true, 3, false]);
    assert.ok((await readFile(file(), 'utf8')).endsWith(`"hash":"${lastHash}"}\n`));
    assert.match((await verify(file(), 'table')).out, /^entries +lastHash +end\n +3 +[0-9a-f]{64} +whole\n$/);
  });

  it('names the line that was changed', async () => {
    await writeFile(file(), (await readFile(file(), 'utf8')).replace('"n":2', '"n":7'));
    const { exitCode, out } = await verify();
    const { error } = JSON.parse(out);
    assert.deepEqual([exitCode, error.code], [1, 'E_AUDIT_BROKEN']);
    assert.match(error.message, /audit\.jsonl:2 was changed/);
  });

  it('names the line before which one was taken out', async () => {
    const lines = (await readFile(file(), 'utf8')).split('\n');
    await writeFile(file(), lines.toSpliced(1, 1).join('\n'));
    assert.match((await verify()).out, /audit\.jsonl:2 does not follow the one before it/);
  });

  it('takes no file that is missing for an empty one', async () => {
    const { exitCode, out } = await verify(temporary.path('nowhere.jsonl'));
    assert.deepEqual([exitCode, JSON.parse(out).error.code], [3, 'E_FILE_MISSING']);
  });
});
