import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, replaceFile } from '../../files/durable.ts';
import type { ConfigurationNode } from './configuration.ts';
import type { DeploymentDocument } from './document.ts';
import type { Lifecycle } from './recipe.ts';
import type { NucleusMode } from './services.ts';

export type SavedComponent = {
  readonly version: string;
  /** Classic keeps the artifacts of this one, too. */
  readonly previous?: string;
  /** Classic: the stages with their variables resolved, as its configuration holds them. */
  readonly lifecycle?: Lifecycle;
  /** Brought by the nucleus or AWS: there is nothing to run. */
  readonly isProvided?: boolean;
  /** Lite: the version that its unit file is of, and whether systemd starts it at boot. */
  readonly unit?: { readonly version: string; readonly isEnabled: boolean };
};

export type SavedState = {
  readonly mode: NucleusMode;
  readonly components: Readonly<Record<string, SavedComponent>>;
  readonly configuration: Readonly<Record<string, ConfigurationNode>>;
  /** What each kind of deployment wants: target -> component -> version. */
  readonly targets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Deployments of the cloud that have not ended: it sends them again. */
  readonly queue: readonly DeploymentDocument[];
  /** Ends of the last deployments, the oldest first. */
  readonly ends: Readonly<Record<string, string>>;
};

export function emptyState(mode: NucleusMode): SavedState {
  return { mode, components: {}, configuration: {}, targets: {}, queue: [], ends: {} };
}

/** What a nucleus knows after the power was gone: one file, always whole. */
export class StateFile {
  readonly #file: string;
  readonly #collect: () => SavedState;
  #writing: Promise<void> | undefined;
  #isDue = false;
  #isDead = false;

  constructor(file: string, collect: () => SavedState) {
    this.#file = file;
    this.#collect = collect;
  }

  async read(): Promise<SavedState | undefined> {
    await makeFolder(dirname(this.#file));
    const text = await readFile(this.#file, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as SavedState);
  }

  /** Writes what is so now; many calls become one write. Resolves when the state of this moment is on the disk. */
  write(): Promise<void> {
    this.#isDue = true;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** As after a power cut: nothing is written any more. Resolves when a write that was on its way has ended. */
  async die(): Promise<void> {
    this.#isDead = true;
    await this.#writing?.catch(() => {});
  }

  async #writeAll(): Promise<void> {
    // A moment for what comes together.
    await Promise.resolve();
    while (this.#isDue && !this.#isDead) {
      this.#isDue = false;
      await replaceFile(this.#file, JSON.stringify(this.#collect()));
    }
  }
}
