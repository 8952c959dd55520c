import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fixtures/packages/fs-store.ts';
import { skip } from '../skip.ts';

const CHILD = fileURLToPath(new URL('../fixtures/packages/stage-on-a-small-disk.ts', import.meta.url));
const MOUNT = 'mount -t tmpfs -o size=6m none "$0"';

describe('a slot store on a full disk', function () {
  this.timeout(60_000);
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  before(async () => {
    temporary = await temporaryFolder();
    await mkdir(temporary.path('disk'));
  });
  after(() => temporary.remove());

  it('keeps the old record and the old package, says why, and goes on when there is room', function () {
    const disk = temporary.path('disk');
    const mount = spawnSync('unshare', ['-rm', 'sh', '-c', MOUNT, disk]);
    if (mount.status !== 0) skip(this, 'this host lets us mount no small disk');
    const command = `${MOUNT} && exec "$1" "$2" "$0" "$3"`;
    const args = ['-rm', 'sh', '-c', command, disk, process.execPath, CHILD, temporary.path('elsewhere')];
    const report = JSON.parse(execFileSync('unshare', args).toString());

    assert.equal(report.staged, 'E_DISK_FULL');
    assert.equal(report.packages.length, 1, 'half a package was left');
    assert.match(report.packages[0], /^1\.0\.0-/);
    assert.equal(report.saved, 'E_DISK_FULL');
    assert.deepEqual([report.boots, report.readable], [1, true]);
    assert.deepEqual([report.savedLater, report.bootsLater], [true, 3]);
  });
});
