import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';

/**
 * A file that is there to be thrown overboard: on a full disk even a DELETE cannot be committed, because the
 * write-ahead log must grow first.
 */
export class Ballast {
  readonly #file: string;
  readonly #bytes: number;

  constructor({ file, bytes }: { file: string; bytes: number }) {
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Takes it on board, if it is not yet. False when the disk has no room for it. */
  load(): boolean {
    try {
      if (existsSync(this.#file) && statSync(this.#file).size === this.#bytes) return true;
      const handle = openSync(this.#file, 'w', 0o600);
      try {
        // Random: a file system that compresses would store zeros in nothing.
        const written = writeSync(handle, randomBytes(this.#bytes));
        if (written < this.#bytes) throw new Error('the disk took a part only');
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      return true;
    } catch {
      this.drop();
      return false;
    }
  }

  /** True when there was something to drop. */
  drop(): boolean {
    try {
      rmSync(this.#file);
      return true;
    } catch {
      return false; // none there, or a disk that became read-only
    }
  }
}
