import { constants, type FileHandle, open } from 'node:fs/promises';
import { type ErrorCode, fail, ok, type Result } from '../domain/errors.ts';

/**
 * Reads a file once, up to `limit` bytes. Symbolic links, devices and pipes are refused, with `code`: a package is made
 * of regular files, and O_NONBLOCK keeps a pipe from holding up whoever opens it.
 */
export async function readRegularFile(path: string, limit: number, code: ErrorCode): Promise<Result<Buffer>> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) return fail(code, `${path} is not a regular file`);
    if (stat.size > limit) return fail(code, `${path} has ${stat.size} bytes, ${limit} at most are allowed`);
    // One byte of room more than was promised shows a file that grew meanwhile.
    const room = Buffer.allocUnsafeSlow(stat.size + 1);
    const length = await fill(file, room);
    if (length > stat.size) return fail(code, `${path} grew while it was read`);
    return ok(room.subarray(0, length));
  } catch (thrown) {
    return refusal(path, thrown, code);
  } finally {
    await file?.close();
  }
}

async function fill(file: FileHandle, room: Buffer): Promise<number> {
  let length = 0;
  while (length < room.length) {
    const { bytesRead } = await file.read(room, length, room.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

function refusal(path: string, thrown: unknown, code: ErrorCode): Result<never> {
  const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  if (reason === 'ENOENT' || reason === 'ENOTDIR') return fail('E_FILE_MISSING', path, thrown);
  if (reason === 'ELOOP') return fail(code, `${path} is a symbolic link`, thrown);
  return fail(code, `${path} cannot be read (${reason})`, thrown);
}
