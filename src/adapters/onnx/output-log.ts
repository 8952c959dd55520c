import type { Readable } from 'node:stream';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';

/** Native libraries print what matters in a few lines; what comes beyond is counted, not kept. */
const MAX_LINES = 20;
const MAX_LINE_CHARS = 500;
const PERIOD_MS = 10_000;
/** No healthy runner prints this much in a period. */
const FLOOD_BYTES = 1024 * 1024;

/** Logs what a runner prints, a few lines a period, and calls `onFlood` when it prints without end. */
export function logOutput(stream: Readable, log: Log, clock: Clock, onFlood: () => void): void {
  let periodEnds = 0;
  let lines = 0;
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (clock.monotonic() >= periodEnds) {
      if (lines > MAX_LINES) log.warn({ lines: lines - MAX_LINES }, 'runner output was left out');
      periodEnds = clock.monotonic() + PERIOD_MS;
      lines = 0;
      bytes = 0;
    }
    bytes += chunk.length;
    if (bytes > FLOOD_BYTES) {
      stream.destroy();
      onFlood();
      return;
    }
    // Cut before it is split, so that the work a chunk costs is bounded by what is logged.
    const text = chunk.toString('latin1', 0, MAX_LINES * MAX_LINE_CHARS);
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      lines += 1;
      if (lines <= MAX_LINES) log.info({ line: line.slice(0, MAX_LINE_CHARS) }, 'runner output');
    }
  });
  // A pipe of a dying process may break; its end is told elsewhere.
  stream.on('error', () => {});
}
