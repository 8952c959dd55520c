import type { Failure, Result } from '../domain/errors.ts';

/** A message as it came in. `payload` is valid only during the call: copy what must stay. */
export type Incoming = {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** MQTT 5 response topic and correlation data, where the sender gave them. */
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
  readonly retained: boolean;
};

export type Outgoing = {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly retain?: boolean | undefined;
  readonly correlationData?: Uint8Array | undefined;
};

/**
 * Handles one message. A returned promise holds back the acknowledgement (QoS 1) until it settles, and with it everything
 * behind it, acknowledgements of our own messages too: return one only for what must be durable first (commands), and
 * never one that waits for `publishAcked`. It must not throw; if it does, that is logged and the message acknowledged.
 */
export type Handler = (message: Incoming) => void | Promise<void>;

/** How far an acknowledgement of a bus goes, where that is not all the way: whoever gave it has the message in memory only. */
export type Settling = {
  /** A message acknowledged so long ago has arrived, if the way on is open still. */
  readonly ms: number;
  /** Tells whether the way on from that memory is open now. Never rejects. */
  isOpen(): Promise<boolean>;
  /** Grows when that memory may have been lost: what was sent before, and has not settled, has to be sent again. */
  readonly losses: number;
};

export type BusState = 'connecting' | 'online' | 'offline' | 'stopped';

/**
 * A connection to one message broker.
 *
 * Order: messages of one topic are delivered, and published, in order. Handlers run one after another, never nested.
 * Delivery: QoS 1 is at least once; the receiver dedupes by id. QoS 0 is at most once.
 * Failure: the bus reconnects by itself, with jittered backoff, until stopped; subscriptions are restored. It holds no
 * queue of its own: while offline, publishing fails at once with E_BUS_OFFLINE.
 */
export interface Bus {
  /** Starts connecting and returns without waiting for the broker. Call once. */
  start(): Promise<void>;
  /** Ends the connection in order, within `deadlineMs`; then cuts it. Idempotent. */
  stop(deadlineMs: number): Promise<void>;
  readonly state: BusState;
  /** Why the last attempt failed. While online: the subscription that the broker refused, if one was. */
  readonly lastError: Failure | undefined;
  /** Tells every change of `state` and, while online, every refused subscription. Returns a function that ends the listening. */
  onState(listener: (state: BusState, error: Failure | undefined) => void): () => void;
  /**
   * Subscribes now, and again after each reconnect. `filter` may hold MQTT wildcards. A message goes to every handler
   * whose filter matches, in the order of subscribing: two agents may hear the same sensors. Once, unless two filters of
   * which neither covers the other (a/+, +/b) both match and the broker sends it for each. The higher `qos` counts.
   */
  subscribe(filter: string, qos: 0 | 1, handler: Handler): void;
  /**
   * QoS 0: hands all messages to the socket in one write. False (nothing sent) while offline or when the socket is choked.
   * A message that no broker would take (a wildcard in its topic, too large) is logged and left out.
   */
  publishDirect(messages: readonly Outgoing[]): boolean;
  /** QoS 1: resolves when the broker has acknowledged, or with the failure (E_BUS_BUSY: `window` is 0). Never rejects. */
  publishAcked(message: Outgoing): Promise<Result<void>>;
  /** Undefined: what is acknowledged has arrived, and there is nothing to wait for. */
  readonly settling?: Settling | undefined;
  /** How many more unacknowledged QoS 1 messages we may have now (Receive Maximum, own limit); 0 while offline. */
  readonly window: number;
}

/** What data paths and commands need of a bus, or of several behind one (agent/bus-router.ts). */
export type Messaging = Pick<Bus, 'subscribe' | 'publishDirect'>;
