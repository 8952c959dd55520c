import { EventStreamCodec, type MessageHeaders } from '@smithy/eventstream-codec';

/** Kinds of frames (`:message-type`), as the event-stream RPC protocol of the Greengrass IPC numbers them. */
export const FRAME_TYPE = {
  message: 0,
  error: 1,
  ping: 2,
  pingResponse: 3,
  connect: 4,
  connectAck: 5,
  protocolError: 6,
  serverError: 7,
} as const;

/** `:message-flags`, one bit each. */
export const FRAME_FLAG = { connectionAccepted: 1, terminateStream: 2 } as const;

export type Frame = {
  readonly type: number;
  readonly flags: number;
  /** 0: the connection itself. */
  readonly stream: number;
  /** Text headers besides the three that every frame has. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
};

/** Prelude (lengths and their checksum) and the checksum at the end. */
export const FRAME_OVERHEAD_BYTES = 16;
const TYPE = ':message-type';
const FLAGS = ':message-flags';
const STREAM = ':stream-id';

const encoder = new TextEncoder();
// `fatal`: a header that is not UTF-8 is a broken frame, not a header with question marks.
const decoder = new TextDecoder('utf-8', { fatal: true });
const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : decoder.decode(bytes)),
  (text) => encoder.encode(text),
);

/** Writes a frame. */
export function encodeFrame(frame: Frame): Uint8Array {
  const headers: MessageHeaders = {
    [TYPE]: { type: 'integer', value: frame.type },
    [FLAGS]: { type: 'integer', value: frame.flags },
    [STREAM]: { type: 'integer', value: frame.stream },
  };
  for (const [name, value] of Object.entries(frame.headers)) headers[name] = { type: 'string', value };
  return codec.encode({ headers, body: frame.payload });
}

/** Reads one whole frame; undefined: its checksums are wrong, or a header of every frame is missing. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  let message: ReturnType<typeof codec.decode>;
  try {
    message = codec.decode(bytes);
  } catch {
    return undefined;
  }
  const type = integer(message.headers, TYPE);
  const flags = integer(message.headers, FLAGS);
  const stream = integer(message.headers, STREAM);
  if (type === undefined || flags === undefined || stream === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const [name, header] of Object.entries(message.headers)) {
    if (header.type === 'string') headers[name] = header.value;
  }
  return { type, flags, stream, headers, payload: message.body };
}

function integer(headers: MessageHeaders, name: string): number | undefined {
  const header = headers[name];
  return header?.type === 'integer' ? header.value : undefined;
}
