import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stateFolder } from '../fixtures/outbox/messages.ts';
import { skip } from '../skip.ts';

const CHILD = fileURLToPath(new URL('../fixtures/outbox/on-a-small-disk.ts', import.meta.url));
const MOUNT = 'mount -t tmpfs -o size=6m none "$0"';

describe('an outbox on a full disk', function () {
  this.timeout(60_000);
  let folder: ReturnType<typeof stateFolder>;

  beforeEach(() => {
    folder = stateFolder();
  });

  afterEach(() => folder.remove());

  it('goes on within what it has, drops by class, keeps deleting, and grows again when there is room', function () {
    const mount = spawnSync('unshare', ['-rm', 'sh', '-c', MOUNT, folder.path]);
    if (mount.status !== 0) skip(this, 'this host lets us mount no small disk');
    const command = `${MOUNT} && exec "$1" "$2" "$0"`;
    const output = execFileSync('unshare', ['-rm', 'sh', '-c', command, folder.path, process.execPath, CHILD]);
    const report = JSON.parse(output.toString());

    assert.deepEqual([report.ballastBefore, report.whileFull.ballast, report.afterwards.ballast], [true, false, true]);
    assert.ok(report.whileFull.dropped.result > 0, 'the drop policy found the room');
    assert.ok(report.whileFull.rowsByClass.result > 10, 'the room of the ballast was used');
    assert.deepEqual([report.whileFull.dropped.alarm, report.whileFull.rowsByClass.alarm], [0, 20]);
    assert.equal(report.afterDelete.rows, report.whileFull.rows - 10);
    assert.ok(!report.afterDelete.oldest.includes(report.afterDelete.first));
    assert.ok(report.replyKept);
    assert.ok(report.afterwards.rowsByClass.result > report.whileFull.rowsByClass.result, 'it grew again');
    assert.deepEqual(report.refusals, []);
    assert.ok(report.sameAfterRestart);
    assert.equal(report.movedAside, undefined);
  });
});
