import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { Refused } from './refused.ts';

/** More than any component of ours has; a bomb ends here. */
const MAX_BYTES = 1_073_741_824;

/** Unpacks a ZIP to a folder, which is made anew; every file gets `mode`. */
export async function unarchive(file: string, folder: string, mode: number): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const zip = await openPromise(file, { lazyEntries: true }).catch((cause) => {
    throw new Refused(`${file} is no ZIP`, { cause });
  });
  let bytes = 0;
  try {
    // Names that lead out of the folder are errors of yauzl.
    for await (const entry of zip.eachEntry()) {
      const target = join(folder, entry.fileName);
      bytes += entry.uncompressedSize;
      if (bytes > MAX_BYTES) throw new Refused(`${file} holds more than ${MAX_BYTES} bytes`);
      if (entry.fileName.endsWith('/')) await mkdir(target, { recursive: true });
      else {
        await mkdir(dirname(target), { recursive: true });
        await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target));
        await chmod(target, mode);
      }
    }
  } finally {
    zip.close();
  }
}
