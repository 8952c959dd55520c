import type { Io } from '../../../src/cli/io.ts';

/** The outside of a command, whose output is kept. */
export function capture(output: Io['output'] = 'json', signal = new AbortController().signal) {
  const written = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({
    write(text: string) {
      written[name] += text;
    },
  });
  const io: Io = { stdout: sink('out'), stderr: sink('err'), isTTY: false, color: false, output, signal };
  return { io, written, json: () => JSON.parse(written.out) };
}
