import { chmod, lstat, mkdir } from 'node:fs/promises';

/** Makes a folder of this user with that mode, whatever the umask. Tells what is wrong with one that is not ours to change. */
export async function makeOwnFolder(folder: string, mode: number): Promise<string | undefined> {
  await mkdir(folder, { recursive: true, mode });
  const found = await lstat(folder);
  if (!found.isDirectory()) return `${folder} is not a folder`;
  if (found.uid !== process.getuid?.()) return `${folder} belongs to somebody else`;
  await chmod(folder, mode);
  return undefined;
}
