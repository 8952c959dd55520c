import assert from 'node:assert/strict';
import { readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packFolder } from '../../../src/package/pack.ts';
import { unpackTo } from '../../../src/package/unpack.ts';
import { writeTinyPackage } from '../../fixtures/packages/tiny-package.ts';

describe('A packed package', () => {
  let tiny: Awaited<ReturnType<typeof writeTinyPackage>>;
  let zip: string;
  beforeEach(async () => {
    tiny = await writeTinyPackage();
    zip = `${tiny.folder}.zip`;
  });
  afterEach(async () => {
    await tiny.remove();
    for (const end of ['.zip', '.zip.part', '.out']) await rm(`${tiny.folder}${end}`, { recursive: true, force: true });
  });

  it('holds every file, and unpacks to the same bytes', async () => {
    const packed = await packFolder(tiny.folder, zip);
    assert.ok(packed.ok, JSON.stringify(packed));
    assert.equal(packed.value.files, 4);
    assert.equal(packed.value.bytes, (await readFile(zip)).length);
    const out = `${tiny.folder}.out`;
    const unpacked = await unpackTo(zip, out);
    assert.ok(unpacked.ok, JSON.stringify(unpacked));
    for (const name of await readdir(tiny.folder)) {
      assert.deepEqual(await readFile(join(out, name)), await readFile(join(tiny.folder, name)));
    }
  });

  it('is the same, byte for byte, whenever and wherever it is packed', async () => {
    const first = await packFolder(tiny.folder, zip);
    await utimes(join(tiny.folder, 'small.onnx'), 1e9, 1e9);
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Pacific/Auckland';
    try {
      assert.deepEqual(await packFolder(tiny.folder, zip), first);
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  it('is not made of a damaged package, of links or of folders', async () => {
    await symlink('/etc/hostname', join(tiny.folder, 'link'));
    const linked = await packFolder(tiny.folder, zip);
    assert.equal(!linked.ok && linked.error.code, 'E_PACKAGE_ARCHIVE');
    await writeFile(join(tiny.folder, 'small.onnx'), 'another model!!');
    const damaged = await packFolder(tiny.folder, zip);
    assert.equal(!damaged.ok && damaged.error.code, 'E_MODEL_DIGEST');
    const missing = await packFolder('/nowhere', zip);
    assert.equal(!missing.ok && missing.error.code, 'E_MODEL_MISSING');
  });

  it('leaves nothing behind where it cannot be written', async () => {
    const packed = await packFolder(tiny.folder, '/nowhere/at/all.zip');
    assert.equal(packed.ok, false);
  });
});
