import { EdgeError } from '../../domain/errors.ts';
import { moveAside } from './aside.ts';
import type { Limits } from './limits.ts';
import { openFile } from './open.ts';
import { salvage } from './salvage.ts';
import { failureOf, troubleOf } from './sqlite-errors.ts';
import { Store } from './store.ts';

export type Opened = { readonly store: Store; readonly movedAside: string | undefined; readonly salvaged: number };

/** The file on disk, sound or replaced by a new one. */
export class StoreFile {
  readonly #file: string;
  readonly #limits: Limits;

  constructor({ file, limits }: { file: string; limits: Limits }) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Opens the file, or replaces it when it is damaged. Throws an EdgeError when neither can be done. */
  open(afterSeq: number, nowMs: number): Opened {
    try {
      return { store: this.#store(afterSeq), movedAside: undefined, salvaged: 0 };
    } catch (thrown) {
      if (troubleOf(thrown) !== 'damaged') throw new EdgeError(failureOf(thrown, this.#file));
    }
    return this.replace(afterSeq, nowMs);
  }

  /** Moves the file aside, starts a new one and takes over what is readable. Seqs go on where they were. */
  replace(afterSeq: number, nowMs: number): Opened {
    try {
      const movedAside = moveAside(this.#file, nowMs);
      const store = this.#store(afterSeq);
      const { messages } = salvage(movedAside, store, this.#limits.batchOps, nowMs);
      return { store, movedAside, salvaged: messages };
    } catch (thrown) {
      throw new EdgeError(failureOf(thrown, this.#file));
    }
  }

  #store(afterSeq: number): Store {
    const db = openFile(this.#file, this.#limits);
    try {
      return new Store({ db, maxPages: this.#limits.maxPages, afterSeq });
    } catch (thrown) {
      db.close();
      throw thrown;
    }
  }
}
