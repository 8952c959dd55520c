import { ERRORS, type ErrorCode, type Failure, fail, ok, type Result } from '../../domain/errors.ts';
import type { LoadedModel } from '../../ports/model-runner.ts';
import { FRAME, type Header } from './frames.ts';
import type { Answer, Expect } from './runner-process.ts';

// A runner executes native code on foreign bytes, so nothing that it says is taken on trust.

/** A loaded model or a failure as JSON; error messages of ONNX Runtime are long, but not this long. */
const MAX_JSON_BYTES = 64 * 1024;

export const expectLoaded: Expect = (header) =>
  header.type === FRAME.loaded && header.length <= MAX_JSON_BYTES
    ? new Uint8Array(header.length)
    : expectFailed(header);

export function expectScores(scores: number): Expect {
  const bytes = scores * Float32Array.BYTES_PER_ELEMENT;
  return (header) =>
    header.type === FRAME.scores && header.length === bytes ? new Uint8Array(bytes) : expectFailed(header);
}

function expectFailed(header: Header): Uint8Array | string {
  if (header.type === FRAME.failed && header.length <= MAX_JSON_BYTES) return new Uint8Array(header.length);
  return `an answer of type ${header.type} with ${header.length} bytes`;
}

export function readScores({ header, body }: Answer): Result<Float32Array> {
  if (header.type === FRAME.failed) return readFailed(body);
  return ok(new Float32Array(body.buffer, body.byteOffset, body.byteLength / Float32Array.BYTES_PER_ELEMENT));
}

export function readLoaded({ header, body }: Answer): Result<LoadedModel> {
  if (header.type === FRAME.failed) return readFailed(body);
  const { provider, loadMs, singleMs, batchGain } = parse(body);
  const times = [loadMs, singleMs, batchGain];
  if (typeof provider !== 'string' || !times.every(Number.isFinite))
    return fail('E_RUNNER_PROTOCOL', 'no loaded model');
  return ok({ provider, loadMs: Number(loadMs), singleMs: Number(singleMs), batchGain: Number(batchGain) });
}

function readFailed(body: Uint8Array): { ok: false; error: Failure } {
  const { code, message } = parse(body);
  if (!isErrorCode(code) || typeof message !== 'string') return fail('E_RUNNER_PROTOCOL', 'no failure');
  return { ok: false, error: { code, message } };
}

function parse(body: Uint8Array): Record<string, unknown> {
  try {
    return Object(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return {};
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}
