import { mkdir } from 'node:fs/promises';
import { EdgeError, failure } from '../domain/errors.ts';

/** Alarms and commands are nobody else's business. */
export const PRIVATE = 0o700;

export async function makeFolder(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode });
  } catch (cause) {
    throw new EdgeError(failure('E_STATE_FOLDER', folder, cause));
  }
}
