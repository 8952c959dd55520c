import type { NucleusMode } from '../services.ts';
import { encodeFrame, FRAME_FLAG, FRAME_TYPE } from './frame.ts';
import type { JsonObject } from './operation.ts';
import type { Refusal } from './refusal.ts';

export const NAMESPACE = 'aws.greengrass#';
const CONTENT_TYPE = ':content-type';
const MODEL_TYPE = 'service-model-type';
const JSON_TYPE = 'application/json';
const EMPTY = new Uint8Array(0);

/** The answer to a connect. */
export function connectAck(accepted: boolean): Uint8Array {
  return encodeFrame({
    type: FRAME_TYPE.connectAck,
    flags: accepted ? FRAME_FLAG.connectionAccepted : 0,
    stream: 0,
    headers: {},
    payload: EMPTY,
  });
}

export function pingResponse(payload: Uint8Array): Uint8Array {
  return encodeFrame({ type: FRAME_TYPE.pingResponse, flags: 0, stream: 0, headers: {}, payload });
}

/** An answer or an event. */
export function message(stream: number, shape: string, body: JsonObject, ends: boolean): Uint8Array {
  return encodeFrame({
    type: FRAME_TYPE.message,
    flags: ends ? FRAME_FLAG.terminateStream : 0,
    stream,
    headers: { [CONTENT_TYPE]: JSON_TYPE, [MODEL_TYPE]: `${NAMESPACE}${shape}` },
    payload: json(body),
  });
}

/** An error that clients know as a type; it ends the stream. lite fills `_message` only, classic `message` as well. */
export function refused(stream: number, mode: NucleusMode, { shape, message, fields }: Refusal): Uint8Array {
  const common = { ...fields, _message: message ?? '', _errorCode: shape };
  const classicOnly = { _service: `${NAMESPACE}GreengrassCoreIPC`, ...(message === undefined ? {} : { message }) };
  return encodeFrame({
    type: FRAME_TYPE.error,
    flags: FRAME_FLAG.terminateStream,
    stream,
    headers: { [CONTENT_TYPE]: JSON_TYPE, [MODEL_TYPE]: `${NAMESPACE}${shape}` },
    payload: json(mode === 'classic' ? { ...common, ...classicOnly } : common),
  });
}

/** What classic says to a request that is not of its operation's form: text without a type. */
export function malformed(stream: number): Uint8Array {
  return encodeFrame({
    type: FRAME_TYPE.error,
    flags: FRAME_FLAG.terminateStream,
    stream,
    headers: { [CONTENT_TYPE]: 'text/plain' },
    payload: Buffer.from('InternalServerError'),
  });
}

/** What classic says to an operation that no version of the IPC knows. */
export function unsupported(stream: number, operation: string): Uint8Array {
  return encodeFrame({
    type: FRAME_TYPE.error,
    flags: FRAME_FLAG.terminateStream,
    stream,
    headers: { [CONTENT_TYPE]: JSON_TYPE },
    payload: json({ error: 'Unsupported Operation', message: `${operation} is an unsupported operation.` }),
  });
}

function json(value: JsonObject): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
