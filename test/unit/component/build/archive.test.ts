import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ArchiveEntry, writeArchive } from '../../../../src/component/build/archive.ts';

describe('an archive', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'archive-'));
    await writeFile(join(folder, 'source'), 'from a file');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const entries = (): ArchiveEntry[] => [
    { name: 'b/deep/file.txt', source: { file: join(folder, 'source') } },
    { name: 'a', executable: true, source: { bytes: Buffer.from('from memory') } },
  ];

  it('has the same bytes whatever the order and the times of what goes in', async () => {
    const one = await writeArchive(join(folder, 'one.tar.gz'), entries());
    await utimes(join(folder, 'source'), 1, 1);
    const two = await writeArchive(join(folder, 'two.tar.gz'), entries().reverse());
    assert.equal(one.sha256, two.sha256);
    assert.equal((await stat(one.file)).size, one.bytes);
  });

  it('is unpacked by tar with its contents and rights', async () => {
    const { file } = await writeArchive(join(folder, 'three.tar.gz'), entries());
    await promisify(execFile)('tar', ['-xzf', file, '-C', folder]);
    assert.equal(await readFile(join(folder, 'b/deep/file.txt'), 'utf8'), 'from a file');
    assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'from memory');
    assert.equal((await stat(join(folder, 'a'))).mode & 0o100, 0o100);
    assert.equal((await stat(join(folder, 'b/deep/file.txt'))).mode & 0o111, 0);
  });

  it('does not appear when something of it is missing', async () => {
    const missing = { name: 'c', source: { file: join(folder, 'nowhere') } };
    await assert.rejects(writeArchive(join(folder, 'four.tar.gz'), [...entries(), missing]), /ENOENT/);
    await assert.rejects(writeArchive(join(folder, 'four.tar.gz'), entries(), AbortSignal.abort()), /abort/i);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('four')),
      [],
    );
  });
});
