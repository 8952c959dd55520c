import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARCHIVE_LIMITS } from '../../../src/package/archive.ts';
import { archiveBytes, scanArchive, unpackTo } from '../../../src/package/unpack.ts';
import { type ZipEntry, zipOf } from '../../fixtures/packages/zips.ts';

const MIB = 1024 * 1024;
const LIMITS = { ...ARCHIVE_LIMITS, maxFiles: 8, maxFileBytes: 4 * MIB, maxTotalBytes: 6 * MIB };

describe('A package archive', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-unpack-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const zipFile = () => join(folder, 'package.zip');
  const target = () => join(folder, 'out');

  async function unpack(bytes: Buffer) {
    await writeFile(zipFile(), bytes);
    return unpackTo(zipFile(), target(), LIMITS);
  }

  it('is unpacked, stored or deflated, and tells the digest of each file', async () => {
    const text = Buffer.from('some text '.repeat(2000));
    const unpacked = await unpack(zipOf([{ name: 'a.txt', data: text, deflate: true }, { name: 'b.bin' }]));
    assert.ok(unpacked.ok, JSON.stringify(unpacked));
    assert.deepEqual([...unpacked.value.keys()], ['a.txt', 'b.bin']);
    assert.equal(unpacked.value.get('a.txt'), createHash('sha256').update(text).digest('hex'));
    assert.deepEqual(await readFile(join(target(), 'a.txt')), text);
    assert.equal((await stat(target())).mode & 0o777, 0o700);
    assert.equal((await stat(join(target(), 'a.txt'))).mode & 0o777, 0o600);
  });

  it('can be hashed and partly read without writing anything', async () => {
    await writeFile(zipFile(), zipOf([{ name: 'a.txt', data: Buffer.from('abc') }, { name: 'b.bin' }]));
    const scanned = await scanArchive(zipFile(), (name) => (name === 'a.txt' ? 3 : undefined), LIMITS);
    assert.ok(scanned.ok, JSON.stringify(scanned));
    assert.deepEqual([...scanned.value.kept], [['a.txt', Buffer.from('abc')]]);
    assert.deepEqual([...scanned.value.digests.keys()], ['a.txt', 'b.bin']);
    assert.deepEqual(await archiveBytes(zipFile(), LIMITS), { ok: true, value: 7 });
    const small = await scanArchive(zipFile(), () => 2, LIMITS);
    assert.equal(small.ok, false);
    assert.deepEqual(await readdir(folder), ['package.zip']);
  });

  const zeros = (bytes: number) => Buffer.alloc(bytes);
  const noise = (bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7919) % 251));
  const refused: [what: string, entries: ZipEntry[], RegExp][] = [
    ['a name that climbs out', [{ name: '../evil' }], /\.\.|relative|folder itself/],
    ['an absolute name', [{ name: '/etc/evil' }], /absolute|folder itself/],
    ['a backslash', [{ name: 'a\\evil' }], /characters|folder itself/],
    ['a drive letter', [{ name: 'C:evil' }], /absolute|plain/],
    ['a NUL in a name', [{ name: 'a\0.onnx' }], /control character/],
    ['an escape in a name', [{ name: 'a\u001b[2J' }], /control character/],
    ['a name with a leading dot', [{ name: '.hidden' }], /plain file name/],
    ['a name with letters that look alike', [{ name: 'm\u0430nifest.json' }], /plain file name/],
    ['an empty name', [{ name: '' }], /plain file name/],
    ['a folder', [{ name: 'sub/' }], /folder itself/],
    ['a file in a folder', [{ name: 'sub/a' }], /folder itself/],
    ['a symbolic link', [{ name: 'link', data: Buffer.from('/etc/passwd'), mode: 0o120777 }], /not a regular file/],
    ['a device', [{ name: 'null', mode: 0o020666 }], /not a regular file/],
    ['an encrypted file', [{ name: 'a', flags: 1 }], /encrypted|size mismatch/],
    ['a strongly encrypted file', [{ name: 'a', flags: 0x40 }], /encryption/],
    ['a method that is not known here', [{ name: 'a', method: 14 }], /method 14/],
    ['a name twice', [{ name: 'a' }, { name: 'a' }], /twice/],
    ['names that differ in case', [{ name: 'a.onnx' }, { name: 'A.onnx' }], /twice/],
    ['too many files', Array.from({ length: 9 }, (_, i) => ({ name: `f${i}` })), /9 files, 8 at most/],
    ['a file that says it is too large', [{ name: 'a', data: noise(100), bytes: 5 * MIB, deflate: true }], /at most/],
    ['a zip64 size beyond all limits', [{ name: 'a', deflate: true, zip64Bytes: 2n ** 50n }], /at most/],
    [
      'too much in all',
      [
        { name: 'a', data: noise(4 * MIB) },
        { name: 'b', data: noise(3 * MIB) },
      ],
      /all files together/,
    ],
    ['a bomb that tells the truth', [{ name: 'a', data: zeros(3 * MIB), deflate: true }], /grow \d+ times/],
    ['a bomb that lies', [{ name: 'a', data: zeros(3 * MIB), deflate: true, bytes: 1000 }], /too many bytes|more than/],
    ['less than it says', [{ name: 'a', data: noise(50), deflate: true, bytes: 60 }], /not enough bytes|50 of the 60/],
    ['a wrong checksum', [{ name: 'ok' }, { name: 'a', crc: 1 }], /CRC-32/],
    [
      'two files in one place',
      [{ name: 'a' }, { name: 'b', localName: 'a', sharesDataOf: 0 }],
      /another name|over one/,
    ],
    ['another name in front of the data', [{ name: 'a', localName: 'b' }], /another name/],
    ['data beyond the end', [{ name: 'a', offset: 1_000_000 }], /EOF|bounds/i],
  ];
  for (const [what, entries, expected] of refused) {
    it(`is refused for ${what}, and leaves nothing behind`, async () => {
      const unpacked = await unpack(zipOf(entries));
      assert.ok(!unpacked.ok, 'it was unpacked');
      assert.equal(unpacked.error.code, 'E_PACKAGE_ARCHIVE');
      assert.match(unpacked.error.message, expected);
      assert.equal(existsSync(target()), false);
    });
  }

  it('is refused when files overlap in part', async () => {
    const outer = zipOf([{ name: 'b', data: Buffer.from('x') }]).subarray(0, 32);
    const unpacked = await unpack(
      zipOf([
        { name: 'a', data: outer },
        { name: 'b', data: Buffer.from('x'), offset: 31 },
      ]),
    );
    assert.ok(!unpacked.ok);
    assert.match(unpacked.error.message, /over one another/);
  });

  it('is refused when it was cut off, anywhere', async () => {
    const whole = zipOf([{ name: 'a', data: noise(2000), deflate: true }, { name: 'b' }]);
    for (let cut = 1; cut < whole.length; cut += 13) {
      const unpacked = await unpack(whole.subarray(0, whole.length - cut));
      assert.ok(!unpacked.ok, `${cut} bytes cut off`);
      assert.equal(unpacked.error.code, 'E_PACKAGE_ARCHIVE');
    }
  });

  it('is refused, or unpacked right, with any one bit flipped', async () => {
    const data = noise(64);
    const whole = zipOf([{ name: 'a', data, deflate: true }, { name: 'b' }]);
    for (let bit = 0; bit < whole.length * 8; bit += 7) {
      const bad = Buffer.from(whole);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const unpacked = await unpack(bad);
      if (unpacked.ok) {
        for (const name of unpacked.value.keys()) {
          const content = await readFile(join(target(), name));
          assert.ok(content.equals(data) || content.toString() === 'data', `bit ${bit}`);
        }
        await rm(target(), { recursive: true });
      } else assert.equal(unpacked.error.code, 'E_PACKAGE_ARCHIVE');
    }
  });

  it('is no archive when it is text, a folder or nothing', async () => {
    const text = await unpack(Buffer.from('hello'));
    assert.equal(!text.ok && text.error.code, 'E_PACKAGE_ARCHIVE');
    const directory = await unpackTo(folder, target());
    assert.equal(!directory.ok && directory.error.code, 'E_PACKAGE_ARCHIVE');
    const missing = await unpackTo(join(folder, 'none.zip'), target());
    assert.equal(!missing.ok && missing.error.code, 'E_FILE_MISSING');
  });

  it('is not unpacked over something that is there', async () => {
    assert.ok((await unpack(zipOf([{ name: 'a' }]))).ok);
    const again = await unpackTo(zipFile(), target(), LIMITS);
    assert.equal(again.ok, false);
    assert.equal((await readFile(join(target(), 'a'))).toString(), 'data');
  });
});
