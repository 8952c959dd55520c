import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';

/** A notification is a few words. */
const CHUNK_BYTES = 4_096;

/** A named pipe that takes words from scripts: one a line. */
export class Fifo {
  readonly path: string;
  readonly #onWord: (word: string) => void;
  #fd: number | undefined;
  #socket: Socket | undefined;
  #rest = '';

  constructor(path: string, onWord: (word: string) => void) {
    this.path = path;
    this.#onWord = onWord;
  }

  async open(): Promise<void> {
    await rm(this.path, { force: true });
    await promisify(execFile)('mkfifo', ['-m', '600', this.path]);
    // Open for both: so a writer never waits for us, and we never see an end.
    this.#fd = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd: this.#fd, readable: true, writable: false });
    this.#socket.on('data', (bytes) => this.#take(bytes.toString()));
    this.#socket.on('error', () => {});
    this.#socket.unref();
  }

  /** Takes what is written already, before the event loop comes to it. */
  drain(): void {
    if (this.#fd === undefined) return;
    const chunk = Buffer.alloc(CHUNK_BYTES);
    try {
      for (let bytes = 1; bytes > 0; ) {
        bytes = readSync(this.#fd, chunk);
        this.#take(chunk.toString('utf8', 0, bytes));
      }
    } catch {
      // EAGAIN: that was all.
    }
  }

  async close(): Promise<void> {
    const [fd, socket] = [this.#fd, this.#socket];
    this.#fd = undefined;
    this.#socket = undefined;
    if (socket !== undefined) socket.destroy();
    else if (fd !== undefined) closeSync(fd);
    await rm(this.path, { force: true });
  }

  #take(text: string): void {
    const words = (this.#rest + text).split('\n');
    this.#rest = (words.pop() ?? '').slice(-CHUNK_BYTES);
    for (const word of words) this.#onWord(word);
  }
}
