/** One decoded sensor message. */
export type Reading = {
  /** Which sensor it belongs to. */
  readonly key: string;
  /** When its last sample was taken, milliseconds since 1970 UTC. */
  readonly timeMs: number;
  /**
   * What its order within the key is judged by, milliseconds: the sensor's own time where the message has one, else the
   * monotonic moment of arrival, so that a jump of this device's clock disturbs no window.
   */
  readonly orderMs: number;
  /** Samples x channels, row by row (all channels of the first sample first). Finite numbers only. Owned by the receiver. */
  readonly values: Float32Array;
};

/** The last N samples of one key: what a model sees. */
export type Window = {
  readonly key: string;
  /** Counts the windows of this key since it was first seen (or evicted), from 0. */
  readonly seq: number;
  /** Time of its last sample, milliseconds since 1970 UTC. */
  readonly timeMs: number;
  /** When the message that completed it arrived, on the monotonic clock, milliseconds. Latency counts from here. */
  readonly arrivedMs: number;
  /** size x channels samples, row by row. Owned by the receiver. */
  readonly samples: Float32Array;
};

/** Samples x channels in one message: 22 s of one 12 kHz channel, and 1 MB at most. */
export const MAX_VALUES = 262_144;

/** Why a message never became a reading; docs/reference/metrics.md lists it. */
export const BAD_INPUT = {
  'not-utf8': 'the payload is not valid UTF-8',
  'not-json': 'the payload is not valid JSON',
  'not-cbor': 'the payload is not valid CBOR',
  'forbidden-key': 'an object has the key __proto__',
  'too-large': 'the payload is larger than maxPayloadBytes',
  empty: 'the payload is empty',
  'missing-value': 'nothing is at the pointer of the values',
  'not-a-number': 'a value is not a number (null, text, true, an object, ...)',
  'not-finite': 'a value is NaN or infinite, or becomes so as float32',
  'out-of-range': 'a value is beyond 2^53, where numbers are no longer exact',
  'wrong-shape': 'the number of values does not divide by the channels, or the channels differ in length',
  'too-many-samples': `one message holds more than ${MAX_VALUES} values`,
  'bad-key': 'the key is missing, empty, too long, or holds /, +, # or control characters',
  'bad-time': 'the time is not a number, not a date, or not within the years 2000 to 2100',
  'out-of-order':
    'the time lies before the last one of this key, within the gap limit (further back restarts the window)',
} as const satisfies Record<string, string>;

export type BadInput = keyof typeof BAD_INPUT;
