import { readFile } from 'node:fs/promises';
import { fail, ok, type Result } from '../../src/domain/errors.ts';

/** Reads a file of the data folder; it is not part of the project, so it may well be missing. */
export async function readData(path: string): Promise<Result<Uint8Array<ArrayBuffer>>> {
  try {
    // A copy: float32 needs an aligned start, which a pooled Buffer does not promise.
    return ok(new Uint8Array(await readFile(path)));
  } catch (thrown) {
    return fail('E_FILE_MISSING', `${path} (give the folder of the data sets by --data or OPENCLAW_DATA)`, thrown);
  }
}
