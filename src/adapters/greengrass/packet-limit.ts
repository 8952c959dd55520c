import { basename } from 'node:path';
import { type Failure, failure } from '../../domain/errors.ts';
import type { Outgoing } from '../../ports/bus.ts';

/** A packet of nucleus lite (GGL_IPC_MAX_MSG_LEN); it cuts the connection over a larger one. */
const LITE_PACKET_BYTES = 10_000;
/** What a packet holds beside the payload and twice the topic: headers, names of fields. 300 bytes, and room. */
const LITE_FRAME_BYTES = 512;

export type NucleusKind = 'classic' | 'lite';

/** The name of nucleus lite's socket (recipe2unit, ggipcd); the classic one calls it ipc.socket. */
const LITE_SOCKET = 'gg-ipc.socket';

/** Tells the nuclei apart. GGC_VERSION does not: both give it to every process, and both began at 2.0.0. */
export function nucleusKind(socketPath: string): NucleusKind {
  return basename(socketPath) === LITE_SOCKET ? 'lite' : 'classic';
}

/** Tells when a message is larger than `maxBytes`, or than a packet of nucleus lite, in which it travels as base64. */
export function tooLarge({ topic, payload }: Outgoing, kind: NucleusKind, maxBytes: number): Failure | undefined {
  const bytes = Buffer.byteLength(payload);
  const lite = Math.floor(((LITE_PACKET_BYTES - LITE_FRAME_BYTES - 2 * Buffer.byteLength(topic)) * 3) / 4);
  const limit = kind === 'lite' ? Math.min(maxBytes, lite) : maxBytes;
  if (bytes <= limit) return undefined;
  return failure('E_BUS_TOO_LARGE', `${bytes} bytes are more than ${limit} (topic ${topic})`);
}
