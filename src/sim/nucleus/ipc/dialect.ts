import type { NucleusMode } from '../services.ts';

/** How the two nuclei differ on the socket itself. */
export type Dialect = {
  /** Longest frame that is read or written, all of it. */
  readonly maxFrameBytes: number;
  readonly maxConnections: number;
  /** Subscriptions of all clients together. */
  readonly maxSubscriptions: number;
  /** A client with a wrong token is told so before its connection ends. */
  readonly tellsRefusedClients: boolean;
  /** The answer to an operation without events carries the flag that ends its stream. */
  readonly endsUnaryStreams: boolean;
  /** Bytes that may wait for a client that does not read; with more its connection is cut, or the message is skipped. */
  readonly maxUnsentBytes: number;
  readonly whenFull: 'cut' | 'skip';
  /** A client that takes nothing for so long loses its connection; undefined: it may take its time. */
  readonly stallMs: number | undefined;
};

const MEBIBYTE = 1_048_576;

export const DIALECTS: Readonly<Record<NucleusMode, Dialect>> = {
  classic: {
    // AWS_EVENT_STREAM_MAX_MESSAGE_SIZE of aws-c-event-stream.
    maxFrameBytes: 16 * MEBIBYTE,
    // The real one has no bound; ours keeps a runaway test from taking the machine.
    maxConnections: 500,
    maxSubscriptions: 10_000,
    tellsRefusedClients: true,
    endsUnaryStreams: true,
    // The real one queues for a slow client until its heap is full; here it ends before that.
    maxUnsentBytes: 64 * MEBIBYTE,
    whenFull: 'cut',
    stallMs: undefined,
  },
  lite: {
    // GGL_IPC_MAX_MSG_LEN; the 12 bytes of the prelude are not counted there.
    maxFrameBytes: 10_012,
    // GGL_IPC_MAX_CLIENTS
    maxConnections: 50,
    // GGL_COREBUS_CLIENT_MAX_SUBSCRIPTIONS
    maxSubscriptions: 100,
    tellsRefusedClients: false,
    endsUnaryStreams: false,
    // A socket's own buffer, roughly: the real daemon has no queue, it blocks.
    maxUnsentBytes: 212_992,
    whenFull: 'skip',
    // SO_SNDTIMEO of its sockets.
    stallMs: 5_000,
  },
};
