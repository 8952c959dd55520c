import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InboxFolder } from '../../src/adapters/inbox-folder.ts';
import type { InboxEnding } from '../../src/ports/package-inbox.ts';
import { FakeLog } from '../fakes/log.ts';

let base: string;
let folder: string;

describe('the folder of an inbox', () => {
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'inbox-'));
    folder = join(base, 'inbox', 'press');
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it('is made for its user alone', async () => {
    await make();
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
  });

  it('shows folders and zips, in the order in which they were renamed into it', async () => {
    const inbox = await make();
    for (const name of ['z.zip', 'a', 'm.ZIP']) {
      await drop(name);
      await tick();
    }
    const found = await inbox.look();
    assert.deepEqual(
      found.map(({ name, path }) => [name, path]),
      ['z.zip', 'a', 'm.ZIP'].map((name) => [name, join(folder, name)]),
    );
  });

  it('shows nothing that is not there yet, has ended, or is no package', async () => {
    const inbox = await make();
    for (const name of ['a.zip.tmp', 'b.tmp', '.c.zip', 'd.zip.committed', 'e.rolledBack']) await drop(name);
    await writeFile(join(folder, 'notes.txt'), '');
    await writeFile(join(folder, 'f.zip.part'), '');
    await writeFile(join(base, 'elsewhere.zip'), '');
    await symlink(join(base, 'elsewhere.zip'), join(folder, 'g.zip'));
    await symlink(base, join(folder, 'h'));
    assert.deepEqual(await inbox.look(), []);
  });

  it('knows a package again after a restart, and tells a new one of that name from it', async () => {
    await make();
    await drop('a.zip');
    const [first] = await (await make()).look();
    const [again] = await (await make()).look();
    assert.equal(first?.stamp, again?.stamp);
    assert.match(first?.stamp ?? '', /^[0-9x]+$/);
    await settle(await make(), 'a.zip', 'refused');
    await tick();
    await drop('a.zip');
    const [second] = await (await make()).look();
    assert.notEqual(second?.stamp, first?.stamp);
  });

  it('renames a package to how it ended, over one of that name', async () => {
    const inbox = await make();
    for (let i = 0; i < 2; i++) {
      await drop('a');
      await writeFile(join(folder, 'a', `${i}.txt`), '');
      await settle(inbox, 'a', 'refused');
    }
    assert.deepEqual(await readdir(folder), ['a.refused']);
    assert.deepEqual(await readdir(join(folder, 'a.refused')), ['1.txt']);
  });

  it('leaves a package alone that has taken the place of another', async () => {
    const inbox = await make();
    await drop('a.zip');
    const [first] = await inbox.look();
    assert.ok(first);
    await tick();
    await drop('a.zip');
    await inbox.settle(first, 'committed');
    assert.deepEqual(await readdir(folder), ['a.zip']);
  });

  it('takes a second rename of the same package for done', async () => {
    const inbox = await make();
    await drop('a.zip');
    const [first] = await inbox.look();
    assert.ok(first);
    await inbox.settle(first, 'committed');
    await inbox.settle(first, 'committed');
    assert.deepEqual(await readdir(folder), ['a.zip.committed']);
  });

  it('keeps the last 10 that ended, and everything that waits', async () => {
    const inbox = await make();
    await drop('waiting');
    for (let i = 0; i < 13; i++) {
      await drop(`p${i}.zip`);
      await settle(inbox, `p${i}.zip`, i % 2 === 0 ? 'committed' : 'superseded');
      await tick();
    }
    const names = await readdir(folder);
    assert.equal(names.length, 11);
    assert.ok(names.includes('waiting') && names.includes('p12.zip.committed') && names.includes('p3.zip.superseded'));
    assert.ok(!names.includes('p2.zip.committed'));
  });

  it('shows 16 at once, the oldest', async () => {
    const inbox = await make();
    for (let i = 0; i < 20; i++) await drop(`${i}.zip`);
    assert.equal((await inbox.look()).length, 16);
  });

  it('is empty where it cannot be read, and says so once', async () => {
    const log = new FakeLog();
    const inbox = await make(log);
    await rm(folder, { recursive: true });
    assert.deepEqual([await inbox.look(), await inbox.look()], [[], []]);
    assert.equal(log.lines.length, 1);
  });
});

async function make(log = new FakeLog()): Promise<InboxFolder> {
  const inbox = new InboxFolder({ folder, log });
  await inbox.start();
  return inbox;
}

async function settle(inbox: InboxFolder, name: string, ending: InboxEnding): Promise<void> {
  const found = (await inbox.look()).find((one) => one.name === name);
  assert.ok(found);
  await inbox.settle(found, ending);
}

/** As one should: made elsewhere, and renamed into the inbox whole. */
async function drop(name: string): Promise<void> {
  const made = join(base, 'made');
  if (/zip/i.test(name)) await writeFile(made, name);
  else await mkdir(made);
  await rename(made, join(folder, name));
}

/** Times of files are as fine as the kernel's tick. */
function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 12));
}
