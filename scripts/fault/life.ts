import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LifeOptions } from './device.ts';
import { type Entry, readJournal } from './journal.ts';

const DEVICE = fileURLToPath(new URL('./device.ts', import.meta.url));
/** A life takes less than a second on an idle machine. */
const LONGEST_LIFE_MS = 60_000;

export type Life = {
  readonly end: 'cut' | 'stopped' | 'failed';
  readonly entries: readonly Entry[];
  /** What it logged: warnings and errors. */
  readonly log: string;
};

/** Lets a device live until it ends, by itself or by the cut. */
export async function live(options: LifeOptions): Promise<Life> {
  const env = { ...process.env, ORT_DISABLE_TELEMETRY: '1', NODE_COMPILE_CACHE: `${options.folder}/compile-cache` };
  const child = spawn(process.execPath, [DEVICE, JSON.stringify(options)], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, LONGEST_LIFE_MS);
  const [code, signal] = await closed;
  clearTimeout(timer);
  if (late) log += `it did not end within ${LONGEST_LIFE_MS} ms`;
  const entries = readJournal(options.journal);
  if (signal === 'SIGKILL' && !late) return { end: 'cut', entries, log };
  return { end: code === 0 ? 'stopped' : 'failed', entries, log };
}
