import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../../../src/domain/errors.ts';
import { type ModelPackage, openPackage, readVariant } from '../../../src/package/load.ts';
import { LARGE_BYTES, SMALL_BYTES, tinyManifest, writeTinyPackage } from '../../fixtures/packages/tiny-package.ts';

describe('A model package on disk', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ folder, remove } = await writeTinyPackage());
  });
  afterEach(() => remove());

  describe('when opened', () => {
    it('gives its manifest and golden cases', async () => {
      const pkg = await opened(folder);
      assert.equal(pkg.manifest.name, 'tiny');
      assert.equal(pkg.golden[0]?.name, 'rest');
      assert.equal(pkg.folder, folder);
    });

    it('is missing when the folder is missing', async () => {
      assertRefused(await openPackage(join(folder, 'nowhere')), 'E_MODEL_MISSING', /nowhere/);
    });

    it('is missing when the folder is a file', async () => {
      assertRefused(await openPackage(join(folder, 'small.onnx')), 'E_MODEL_MISSING', /small/);
    });

    it('is refused without golden cases', async () => {
      await rm(join(folder, 'golden.json'));
      assertRefused(await openPackage(folder), 'E_FILE_MISSING', /golden\.json/);
    });

    it('is refused when its manifest is not JSON', async () => {
      await writeFile(join(folder, 'manifest.json'), '{');
      assertRefused(await openPackage(folder), 'E_MANIFEST_INVALID', /not JSON/);
    });

    it('is refused when its manifest is not UTF-8', async () => {
      await writeFile(join(folder, 'manifest.json'), Buffer.from([0x22, 0xff, 0x22]));
      assertRefused(await openPackage(folder), 'E_MANIFEST_INVALID', /UTF-8/);
    });

    it('is refused when its manifest is larger than any manifest', async () => {
      await truncate(join(folder, 'manifest.json'), 1024 * 1024 + 1);
      assertRefused(await openPackage(folder), 'E_MANIFEST_INVALID', /at most are allowed/);
    });

    it('is refused when its manifest is a symbolic link', async () => {
      await moveBehindLink(folder, 'manifest.json');
      assertRefused(await openPackage(folder), 'E_MANIFEST_INVALID', /symbolic link/);
    });

    it('is refused at once when its manifest is a pipe', async () => {
      await rm(join(folder, 'manifest.json'));
      execFileSync('mkfifo', [join(folder, 'manifest.json')]);
      assertRefused(await openPackage(folder), 'E_MANIFEST_INVALID', /not a regular file/);
    });
  });

  describe('when a variant is read', () => {
    it('gives the small one when none is asked for, wherever it stands in the list', async () => {
      const read = await readVariant(await opened(folder), undefined);
      assert.ok(read.ok);
      assert.equal(read.value.variant.id, 'small');
      assert.deepEqual(Buffer.from(read.value.bytes), SMALL_BYTES);
    });

    it('gives the first one when none is small', async () => {
      const pkg = await opened(folder);
      const manifest = { ...pkg.manifest, variants: pkg.manifest.variants.filter((one) => one.size === 'large') };
      const read = await readVariant({ ...pkg, manifest }, undefined);
      assert.ok(read.ok);
      assert.equal(read.value.variant.id, 'large');
    });

    it('gives the one that is asked for', async () => {
      const read = await readVariant(await opened(folder), 'large');
      assert.ok(read.ok);
      assert.deepEqual(Buffer.from(read.value.bytes), LARGE_BYTES);
    });

    it('tells what there is when asked for what is not', async () => {
      const read = await readVariant(await opened(folder), 'huge');
      assertRefused(read, 'E_MODEL_MISSING', /no variant huge; there is large, small/);
    });

    const tampered: [string, (file: string) => Promise<void>, RegExp][] = [
      ['one bit was flipped', (file) => writeFile(file, flipped(SMALL_BYTES)), /SHA-256/],
      ['a byte was added', (file) => appendFile(file, '!'), /16 bytes/],
      ['a byte was cut off', (file) => truncate(file, SMALL_BYTES.length - 1), /14 bytes/],
      ['it is empty', (file) => truncate(file, 0), /0 bytes/],
      ['it is a symbolic link to the right bytes', () => moveBehindLink(folder, 'small.onnx'), /symbolic link/],
    ];
    for (const [what, tamper, expected] of tampered) {
      it(`refuses the file when ${what}`, async () => {
        const pkg = await opened(folder);
        await tamper(join(folder, 'small.onnx'));
        assertRefused(await readVariant(pkg, 'small'), 'E_MODEL_DIGEST', expected);
      });
    }

    it('refuses right bytes under a wrong digest in the manifest', async () => {
      const manifest = tinyManifest();
      const variants = manifest.variants.map((one) => ({ ...one, sha256: '0'.repeat(64) }));
      await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, variants }));
      assertRefused(await readVariant(await opened(folder), 'small'), 'E_MODEL_DIGEST', /SHA-256/);
    });

    it('says which file is missing', async () => {
      const pkg = await opened(folder);
      await rm(join(folder, 'small.onnx'));
      assertRefused(await readVariant(pkg, 'small'), 'E_FILE_MISSING', /small\.onnx/);
    });
  });
});

async function opened(folder: string): Promise<ModelPackage> {
  const result = await openPackage(folder);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

function assertRefused(result: Result<unknown>, code: string, message: RegExp): void {
  assert.ok(!result.ok, 'it was accepted');
  assert.equal(result.error.code, code);
  assert.match(result.error.message, message);
}

async function moveBehindLink(folder: string, file: string): Promise<void> {
  await rename(join(folder, file), join(folder, 'elsewhere'));
  await symlink('elsewhere', join(folder, file));
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[3] = (copy[3] ?? 0) ^ 1;
  return copy;
}
