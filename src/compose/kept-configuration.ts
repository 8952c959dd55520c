import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, replaceFile } from '../files/durable.ts';
import { seal, unseal } from '../files/sealed.ts';
import type { Log } from '../ports/log.ts';

/** The configuration that a device last ran with, as it was delivered: a bad one that comes later must not stop it. */
export class KeptConfiguration {
  readonly #file: string;
  readonly #log: Log;

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** Undefined: none was kept yet, or it is damaged. */
  async load(): Promise<unknown> {
    const text = await readFile(this.#file, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const kept = unseal<{ readonly json: string }>(text);
    if (kept !== undefined) return JSON.parse(kept.json);
    this.#log.error({ file: this.#file }, 'the kept configuration is damaged');
    return undefined;
  }

  /** Never rejects: a device that cannot keep its configuration runs all the same. */
  async save(delivered: unknown): Promise<void> {
    try {
      const text = seal({ json: JSON.stringify(delivered) });
      const before = await readFile(this.#file, 'utf8').catch(() => undefined);
      if (before === text) return;
      await makeFolder(dirname(this.#file));
      await replaceFile(this.#file, text);
    } catch (err) {
      this.#log.error({ err, file: this.#file }, 'configuration not kept');
    }
  }
}
