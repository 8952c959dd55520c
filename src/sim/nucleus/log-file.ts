import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';

/** As classic rotates; one older file is kept. */
const MAX_BYTES = 1_048_576;
/** A longer line comes in pieces, as from journald. */
const MAX_LINE = 16_384;

/** Appends lines to a file that never grows beyond its bound, in the order they come. */
export class LogFile {
  readonly #file: string;
  #bytes: number | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** Follows a stream until it ends; it is read no faster than the disk takes it. `frame` makes the log's line of one. */
  async follow(stream: Readable, frame: (line: string) => string): Promise<void> {
    let rest = '';
    stream.setEncoding('utf8');
    try {
      for await (const chunk of stream) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        while (rest.length > MAX_LINE) {
          lines.push(rest.slice(0, MAX_LINE));
          rest = rest.slice(MAX_LINE);
        }
        if (lines.length > 0) await this.append(lines.map(frame));
      }
    } catch {
      // A pipe that breaks with its process ends the log as an end does.
    }
    if (rest !== '') await this.append([frame(rest)]);
  }

  append(lines: readonly string[]): Promise<void> {
    this.#last = this.#last.then(() => this.#write(`${lines.join('\n')}\n`)).catch(() => {});
    return this.#last;
  }

  /** Resolves when what was on its way has arrived. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #write(text: string): Promise<void> {
    if (this.#bytes === undefined) {
      await mkdir(dirname(this.#file), { recursive: true });
      this.#bytes = await stat(this.#file).then(
        ({ size }) => size,
        () => 0,
      );
    }
    if (this.#bytes > MAX_BYTES) {
      await rename(this.#file, `${this.#file}.1`);
      this.#bytes = 0;
    }
    await appendFile(this.#file, text);
    this.#bytes += Buffer.byteLength(text);
  }
}
