import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareVersions } from '../../../src/domain/version.ts';
import { listPackages } from '../../../src/package/list.ts';
import { temporaryFolder } from '../../fixtures/packages/fs-store.ts';
import { packageFiles, writeFiles } from '../../fixtures/packages/package-files.ts';

describe('Listing packages', () => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    temporary = await temporaryFolder();
  });
  afterEach(() => temporary.remove());

  it('finds them by name and by version, and tells which are signed', async () => {
    await writeFiles(temporary.path('tiny/1.10.0'), packageFiles('1.10.0'));
    await writeFiles(temporary.path('tiny/1.9.0'), packageFiles('1.9.0'));
    await writeFile(temporary.path('tiny/1.9.0/model.sig'), '{}');
    await writeFiles(temporary.path('another'), packageFiles('3.0.0', { name: 'another' }));
    await mkdir(temporary.path('empty'));
    const listed = await listPackages(temporary.path('.'));
    assert.ok(listed.ok);
    assert.deepEqual(
      listed.value.packages.map(({ name, version, signed, bytes }) => [name, version, signed, bytes]),
      [
        ['another', '3.0.0', false, 52],
        ['tiny', '1.9.0', true, 52],
        ['tiny', '1.10.0', false, 52],
      ],
    );
    assert.deepEqual(listed.value.problems, []);
  });

  it('tells which folders hold something that is no good package', async () => {
    const folder = await writeFiles(temporary.path('broken'), packageFiles('1.0.0', { task: 'guessing' }));
    await writeFiles(temporary.path('half'), packageFiles());
    await rm(join(temporary.path('half'), 'golden.json'));
    const listed = await listPackages(temporary.path('.'));
    assert.ok(listed.ok);
    assert.deepEqual(
      listed.value.problems.map(({ folder: where, error }) => [where, error.code]),
      [
        [folder, 'E_MANIFEST_INVALID'],
        [temporary.path('half'), 'E_FILE_MISSING'],
      ],
    );
    const none = await listPackages(temporary.path('nowhere'));
    assert.equal(!none.ok && none.error.code, 'E_MODEL_MISSING');
  });

  it('orders versions as Semantic Versioning does', () => {
    const ordered = ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1'];
    ordered.push('1.0.0', '1.2.0', '1.10.0', '2.0.0');
    assert.deepEqual([...ordered].reverse().sort(compareVersions), ordered);
    assert.equal(compareVersions('1.0.0', '1.0.0'), 0);
  });
});
