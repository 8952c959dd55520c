import { dirname } from 'node:path';
import { makeFolder, replaceFile } from '../../files/durable.ts';
import { seal, unseal } from '../../files/sealed.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { TimeFloor } from '../../ports/slot-store.ts';
import { ioFailure, readHashed } from './io.ts';

/** A power cut may turn the floor back by as much; each save costs an fsync on a device that may run from flash. */
const SAVE_EVERY_MS = 60_000;
/** A device may run for years between two rollouts, and then lose its power: it looks by itself. Releases last for days. */
const LOOK_EVERY_MS = 60 * 60_000;

export type FileTimeFloorOptions = { readonly file: string; readonly clock: Clock; readonly log: Log };

/** A time floor in a small file. */
export class FileTimeFloor implements TimeFloor {
  readonly #o: FileTimeFloorOptions;
  #latestMs = 0;
  #savedMs = 0;
  #saving: Promise<void> | undefined;
  #cancel: Cancel | undefined;

  constructor(options: FileTimeFloorOptions) {
    this.#o = options;
  }

  async start(): Promise<void> {
    const text = await readHashed(this.#o.file).then(
      ({ bytes }) => bytes.toString(),
      () => undefined,
    );
    const saved = text === undefined ? undefined : unseal<{ latestMs: number }>(text);
    if (text !== undefined && saved === undefined) this.#o.log.error({ file: this.#o.file }, 'time floor is damaged');
    this.#savedMs = saved?.latestMs ?? 0;
    this.#latestMs = Math.max(this.#latestMs, this.#savedMs);
    this.#cancel?.();
    this.#cancel = this.#o.clock.every(LOOK_EVERY_MS, () => this.now());
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#look();
    await this.#saving;
    if (this.#latestMs > this.#savedMs) await this.#save();
  }

  now(): number {
    this.#look();
    if (this.#latestMs - this.#savedMs >= SAVE_EVERY_MS) {
      this.#saving ??= this.#save().finally(() => {
        this.#saving = undefined;
      });
    }
    return this.#latestMs;
  }

  #look(): void {
    this.#latestMs = Math.max(this.#latestMs, this.#o.clock.now());
  }

  async #save(): Promise<void> {
    const latestMs = this.#latestMs;
    // Counts as saved even if it fails: a broken disk is asked again in a minute, not at every call.
    this.#savedMs = latestMs;
    try {
      await makeFolder(dirname(this.#o.file));
      await replaceFile(this.#o.file, seal({ latestMs }));
    } catch (thrown) {
      this.#o.log.warn({ error: ioFailure(thrown) }, 'time floor not saved');
    }
  }
}
