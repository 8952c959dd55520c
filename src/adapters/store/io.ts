import { createHash, type Hash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { type Failure, failure } from '../../domain/errors.ts';

/** Hashing 256 KiB takes well under a millisecond: the event loop is never held up for longer. */
const CHUNK_BYTES = 256 * 1024;

/** Names the trouble of an operation on the state folder. */
export function ioFailure(thrown: unknown): Failure {
  const code = codeOf(thrown);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return failure(
    full ? 'E_DISK_FULL' : 'E_STATE_IO',
    thrown instanceof Error ? thrown.message : String(thrown),
    thrown,
  );
}

export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

/** Opens a regular file to read: no link is followed, and no pipe holds anybody up. */
async function openRegular(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error(`${path} is not a regular file`);
}

/** Copies a file to a new one and syncs it; returns the hex SHA-256 of exactly what was written. */
export async function copyHashed(from: string, to: string): Promise<string> {
  const source = await openRegular(from);
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      const digest = await eachChunk(source, async (chunk) => void (await target.writeFile(chunk)));
      await target.sync();
      return digest;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Hashes a file, a piece at a time. */
export async function hashFile(path: string): Promise<string> {
  const source = await openRegular(path);
  try {
    return await eachChunk(source, async () => {});
  } finally {
    await source.close();
  }
}

/** Reads a file whole, once, and returns the hex SHA-256 of exactly the returned bytes. */
export async function readHashed(path: string): Promise<{ bytes: Buffer; sha256: string }> {
  const source = await openRegular(path);
  try {
    const bytes = Buffer.allocUnsafeSlow((await source.stat()).size);
    let length = 0;
    const sha256 = await eachChunk(source, async (chunk) => {
      if (length + chunk.length > bytes.length) throw new Error(`${path} grew while it was read`);
      length += chunk.copy(bytes, length);
    });
    return { bytes: bytes.subarray(0, length), sha256 };
  } finally {
    await source.close();
  }
}

async function eachChunk(source: FileHandle, use: (chunk: Buffer) => Promise<void>): Promise<string> {
  const hash: Hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return hash.digest('hex');
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await use(chunk);
  }
}
