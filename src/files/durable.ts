import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes new, renamed and removed names in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder of this user alone, and those above it, so that they survive a power cut. May be repeated. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Replaces a file: after a power cut it holds the old text or the new one, whole. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await rewriteFile(file, text, (handle) => handle.sync());
  await syncFolder(dirname(file));
}

/** Replaces a file when the system finds the time: good for a copy, of which a power cut may take the last change. */
export async function replaceFileLazily(file: string, text: string): Promise<void> {
  await rewriteFile(file, text, async () => {});
}

async function rewriteFile(file: string, text: string, sync: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${file}.tmp`;
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'w', 0o600);
    await handle.writeFile(text);
    await sync(handle);
    await handle.close();
    await rename(temporary, file);
  } catch (thrown) {
    await handle?.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
    throw thrown;
  }
}
