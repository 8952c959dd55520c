/**
 * The runner process: one model, loaded from bytes that come over fd 3, answers batches over fd 3. It knows no
 * configuration, no network and no secret, and ends when the agent's end of the pipe closes. Few imports: it starts in
 * the agent's critical path.
 */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { failure, type Result } from '../../domain/errors.ts';
import { FrameWriter } from './frame-writer.ts';
import { FRAME, FrameReader, type FrameType, type Header } from './frames.ts';
import { parseLoad } from './load-request.ts';
import { openSession, type Session } from './session.ts';

const PIPE_FD = 3;
/** As much as a Linux socket buffer hands over at once; one buffer for all reads, so that none is allocated per batch. */
const READ_BYTES = 256 * 1024;
/** EX_PROTOCOL-like: the agent broke the protocol, which only a bug can do. */
const EXIT_PROTOCOL = 76;

process.title = `runner ${process.argv[2] ?? ''}`;
preferAsVictim();
// A Ctrl-C or a service manager signals the whole group: the agent drains first and then closes the pipe.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

let session: Session | undefined;
let busy = false;
let ended = false;
let batch = new Uint8Array(0);

const reader = new FrameReader(place, (header, body) => void handle(header, body));
const pipe = new Socket({
  fd: PIPE_FD,
  allowHalfOpen: true,
  onread: {
    buffer: new Uint8Array(READ_BYTES),
    callback: (bytes, buffer) => {
      if (reader.push(buffer.subarray(0, bytes)) !== undefined) process.exit(EXIT_PROTOCOL);
      return true;
    },
  },
});
const writer = new FrameWriter(pipe);
pipe.on('error', () => process.exit());
pipe.on('end', () => {
  ended = true;
  if (!busy) process.exit();
});

/** Batches share one place: the next one comes only after this one was answered. */
function place(header: Header): Uint8Array | string {
  if (busy) return 'a frame before the answer';
  if (header.type !== FRAME.run) return new Uint8Array(header.length);
  if (batch.length < header.length) batch = new Uint8Array(header.length);
  return batch.subarray(0, header.length);
}

async function handle(header: Header, body: Uint8Array): Promise<void> {
  busy = true;
  if (header.type === FRAME.load) await load(header, body);
  else if (header.type === FRAME.run) await run(header, body);
  else process.exit(EXIT_PROTOCOL);
  busy = false;
  if (ended) pipe.end(() => process.exit());
}

async function load(header: Header, body: Uint8Array): Promise<void> {
  const { model, options } = parseLoad(header, body);
  const opened = await openSession(model, options);
  if (opened.ok) session = opened.value;
  sendJson(header.id, opened.ok ? FRAME.loaded : FRAME.failed, opened.ok ? opened.value.loaded : opened.error);
}

async function run(header: Header, values: Uint8Array): Promise<void> {
  const floats = new Float32Array(values.buffer, values.byteOffset, values.byteLength / Float32Array.BYTES_PER_ELEMENT);
  const result = (await session?.run(floats, header.count)) ?? notLoaded();
  if (!result.ok) return sendJson(header.id, FRAME.failed, result.error);
  const scores = result.value;
  const body = new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength);
  writer.send({ type: FRAME.scores, id: header.id, count: header.count }, body);
}

function notLoaded(): Result<Float32Array> {
  return { ok: false, error: failure('E_RUNNER_UNAVAILABLE', 'no model is loaded') };
}

function sendJson(id: number, type: FrameType, value: object): void {
  // A cause is an Error of this process: its message is in the failure already.
  const json = JSON.stringify(value, (key, inner) => (key === 'cause' ? undefined : inner));
  writer.send({ type, id, count: 0 }, Buffer.from(json));
}

/** When memory runs out, the kernel should end the runner, which comes back, and not the agent. */
function preferAsVictim(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '500');
  } catch {
    // Not Linux, or not allowed: the kernel chooses by size, which is mostly the runner too.
  }
}
