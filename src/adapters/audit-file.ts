import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, syncFolder } from '../files/durable.ts';
import type { Audit, AuditEntry } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { check, GENESIS, link, MAX_LINE_BYTES, olderFile } from './audit-chain.ts';

/** Two files of this size: some 40,000 entries, which is years of rollouts. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Entries that wait for the disk. A disk that hangs must not fill the memory. */
const MAX_WAITING = 1000;

export type FileAuditOptions = {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxFileBytes?: number;
};

type Waiting = { readonly entry: AuditEntry; readonly done: () => void };

/** The trail as lines of JSON, each with the hash of the one before it. What came during one fsync shares the next. */
export class FileAudit implements Audit {
  readonly #o: FileAuditOptions;
  readonly #maxFileBytes: number;
  #handle: FileHandle | undefined;
  #size = 0;
  #last = GENESIS;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #running = false;
  /** Entries that could not be written, and are told by the next one that can. */
  #lost = 0;

  constructor(options: FileAuditOptions) {
    this.#o = options;
    this.#maxFileBytes = options.maxFileBytes ?? MAX_FILE_BYTES;
  }

  async start(): Promise<void> {
    this.#running = true;
    try {
      await this.#open();
    } catch (thrown) {
      this.#trouble(thrown);
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#writing;
    await this.#close();
  }

  append(entry: AuditEntry): Promise<void> {
    if (!this.#running || this.#waiting.length >= MAX_WAITING) {
      this.#lost++;
      return Promise.resolve();
    }
    return new Promise((done) => {
      this.#waiting.push({ entry, done });
      this.#writing ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch.map(({ entry }) => entry));
      } catch (thrown) {
        this.#lost += batch.length;
        this.#trouble(thrown);
        await this.#close();
      }
      for (const { done } of batch) done();
    }
    this.#writing = undefined;
  }

  async #write(entries: readonly AuditEntry[]): Promise<void> {
    const handle = this.#handle ?? (await this.#open());
    const lost = this.#lost;
    const told = lost === 0 ? [] : [{ at: this.#o.clock.now(), event: 'audit.lost', facts: { entries: lost } }];
    let last = this.#last;
    const texts = [...told, ...entries].map((entry) => {
      const { text, hash } = link(entry, last);
      last = hash;
      return text;
    });
    const bytes = Buffer.from(texts.join(''));
    for (let at = 0; at < bytes.length; ) {
      at += (await handle.write(bytes, at, bytes.length - at, this.#size + at)).bytesWritten;
    }
    await handle.datasync();
    this.#size += bytes.length;
    this.#last = last;
    this.#lost -= lost;
    // What was written is safe: trouble with the next file is trouble of the next entry.
    if (this.#size >= this.#maxFileBytes) await this.#rotate().catch((thrown: unknown) => this.#trouble(thrown));
  }

  /** Opens the file and finds the end of its chain; half a line at the end was never acknowledged, and goes. */
  async #open(): Promise<FileHandle> {
    const { file } = this.#o;
    await makeFolder(dirname(file));
    const handle = await open(file, 'a+', 0o600).then(async (made) => {
      await made.close();
      return open(file, 'r+');
    });
    await syncFolder(dirname(file));
    const end = await tail(handle);
    this.#handle = handle;
    this.#size = end.size;
    this.#last = end.size > 0 ? end.hash : await lastHashOf(olderFile(file));
    await handle.truncate(end.size);
    return handle;
  }

  /** The older file goes; the chain goes on from the last hash. */
  async #rotate(): Promise<void> {
    await this.#close();
    await rename(this.#o.file, olderFile(this.#o.file));
    await this.#open();
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => {});
  }

  #trouble(thrown: unknown): void {
    this.#o.log.error({ error: String(thrown), lost: this.#lost }, 'audit log not written');
  }
}

async function lastHashOf(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    return (await tail(handle)).hash;
  } catch {
    return GENESIS;
  } finally {
    await handle?.close();
  }
}

/** Where the last whole line ends, and its hash. After a damaged line the chain starts anew: verifyAudit shows where. */
async function tail(handle: FileHandle): Promise<{ size: number; hash: string }> {
  const { size } = await handle.stat();
  // Two lines of the greatest length hold at least one whole one.
  const length = Math.min(size, 2 * MAX_LINE_BYTES);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  const text = buffer.subarray(0, bytesRead);
  const end = text.lastIndexOf(0x0a) + 1;
  if (end === 0) return { size: length < size ? size : 0, hash: GENESIS };
  const start = end < 2 ? 0 : text.lastIndexOf(0x0a, end - 2) + 1;
  const checked = check(text.subarray(start, end - 1).toString(), undefined);
  return { size: size - length + end, hash: 'hash' in checked ? checked.hash : GENESIS };
}
