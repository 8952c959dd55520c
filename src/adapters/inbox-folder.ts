import type { Dirent } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../ports/log.ts';
import { INBOX_ENDINGS, type InboxEnding, type InboxPackage, type PackageInbox } from '../ports/package-inbox.ts';

/** Packages shown at once. Each may be asked for, and the newest wins: more make no sense. */
const MAX_SHOWN = 16;
/** Packages with an ending that stay, for whoever put them there to see. */
const MAX_SETTLED = 10;

export type InboxFolderOptions = {
  /** Of one agent: `<inbox>/<agent>`. */
  readonly folder: string;
  readonly log: Log;
};

/** With its ending, where it has one. */
const IS_ZIP = new RegExp(`[.]zip([.](${INBOX_ENDINGS.join('|')}))?$`, 'i');

type Found = { readonly name: string; readonly sinceMs: number; readonly stamp: string };

/** The inbox as a folder. Links, and files that are no zip, are nothing. */
export class InboxFolder implements PackageInbox {
  readonly #options: InboxFolderOptions;
  /** A trouble is logged when it comes, not every two seconds. */
  #trouble: string | undefined;

  constructor(options: InboxFolderOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#quietly(undefined, () => mkdir(this.#options.folder, { recursive: true, mode: 0o700 }));
  }

  look(): Promise<readonly InboxPackage[]> {
    return this.#quietly([], async () => {
      const waiting = await this.#found((name) => isReady(name) && !hasEnding(name));
      return waiting.slice(0, MAX_SHOWN).map(({ name, stamp }) => ({ name, stamp, path: this.#path(name) }));
    });
  }

  settle({ name, path, stamp }: InboxPackage, ending: InboxEnding): Promise<void> {
    return this.#quietly(undefined, async () => {
      const facts = await this.#facts(name);
      if (facts?.stamp === stamp) {
        const settled = `${path}.${ending}`;
        // A folder is not renamed over another one.
        await rm(settled, { recursive: true, force: true });
        await rename(path, settled);
      }
      const all = await this.#found(hasEnding);
      for (const old of all.slice(0, -MAX_SETTLED)) await rm(this.#path(old.name), { recursive: true, force: true });
    });
  }

  /** What lies there and has such a name, by the time at which it got that name. */
  async #found(wanted: (name: string) => boolean): Promise<readonly Found[]> {
    const entries = await readdir(this.#options.folder, { withFileTypes: true });
    const names = entries.filter(isPackage).map(({ name }) => name);
    const found: Found[] = [];
    for (const name of names.filter(wanted)) {
      const facts = await this.#facts(name);
      if (facts !== undefined) found.push(facts);
    }
    return found.sort((a, b) => a.sinceMs - b.sinceMs || (a.name < b.name ? -1 : 1));
  }

  async #facts(name: string): Promise<Found | undefined> {
    const facts = await lstat(this.#path(name), { bigint: true }).catch(missing);
    // A rename changes ctime only.
    return facts && { name, sinceMs: Number(facts.ctimeMs), stamp: `${facts.ino}x${facts.mtimeNs}` };
  }

  #path(name: string): string {
    return join(this.#options.folder, name);
  }

  async #quietly<T>(otherwise: T, work: () => Promise<T | unknown>): Promise<T> {
    try {
      const value = await work();
      this.#trouble = undefined;
      return (otherwise === undefined ? undefined : value) as T;
    } catch (err) {
      const trouble = String(err);
      if (trouble !== this.#trouble) this.#options.log.warn({ folder: this.#options.folder, err }, 'inbox');
      this.#trouble = trouble;
      return otherwise;
    }
  }
}

function isPackage(entry: Dirent): boolean {
  return entry.isDirectory() || (entry.isFile() && IS_ZIP.test(entry.name));
}

function isReady(name: string): boolean {
  return !name.startsWith('.') && !name.endsWith('.tmp');
}

function hasEnding(name: string): boolean {
  return INBOX_ENDINGS.some((ending) => name.endsWith(`.${ending}`));
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
