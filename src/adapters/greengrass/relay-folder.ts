import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'openclaw-ipc-';

/**
 * Makes the folder of one relay's socket, for this user alone. A process that is killed leaves its own behind: those of
 * processes that are gone are removed here.
 */
export async function makeRelayFolder(parent = tmpdir()): Promise<string> {
  const names = await readdir(parent);
  const left = names.filter((name) => name.startsWith(PREFIX) && !isAlive(ownerOf(name)));
  // Another user's stay: they are not ours to remove.
  await Promise.all(left.map((name) => rm(join(parent, name), { recursive: true, force: true }).catch(() => {})));
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
}

function ownerOf(name: string): number {
  return Number.parseInt(name.slice(PREFIX.length), 10);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
