import type { ModelToLoad } from '../../ports/model-runner.ts';
import { FRAME, type Header } from './frames.ts';
import type { SessionOptions } from './session.ts';

type Head = { readonly model: Omit<ModelToLoad, 'bytes'>; readonly options: SessionOptions };

/** Makes a load frame: a JSON head (its length is the frame's count), then the bytes of the model as they are. */
export function loadRequest(
  model: ModelToLoad,
  options: SessionOptions,
): { header: Pick<Header, 'type' | 'count'>; body: Uint8Array[] } {
  const { label, input, output, bytes } = model;
  const head = Buffer.from(JSON.stringify({ model: { label, input, output }, options } satisfies Head));
  return { header: { type: FRAME.load, count: head.length }, body: [head, bytes] };
}

/** Reads a load frame. The agent is trusted here: the runner guards the agent, not the other way round. */
export function parseLoad(header: Header, body: Uint8Array): { model: ModelToLoad; options: SessionOptions } {
  const head: Head = JSON.parse(Buffer.from(body.buffer, body.byteOffset, header.count).toString());
  return { model: { ...head.model, bytes: body.subarray(header.count) }, options: head.options };
}
