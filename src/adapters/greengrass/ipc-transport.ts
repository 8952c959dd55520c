import type { Failure } from '../../domain/errors.ts';
import type { Incoming, Outgoing } from '../../ports/bus.ts';
import type { IpcClient } from './client.ts';
import type { EndStream, IpcLink } from './link.ts';

/** The way that messages of one kind go through the nucleus. */
export type IpcTransport = {
  /** What is behind the nucleus, for log and failures. */
  readonly name: string;
  readonly publishOperation: string;
  /** How many acknowledged messages may be on the way. */
  readonly maxInFlight: number;
  /** Whether the nucleus says yes although the cloud is away. */
  readonly spools: boolean;
  /** How long an acknowledged message may be in the nucleus's memory only; undefined: it has arrived. */
  readonly settleMs: number | undefined;
  /** Whether a nucleus that lost what is behind it may forget subscriptions without a word. */
  readonly forgets: boolean;
  /** Where our own tiny messages go; accessControl has to allow it. */
  readonly probeTopic: string;
  /** Tells why the nucleus would never take it. */
  refusal(message: Outgoing): Failure | undefined;
  send(client: IpcClient, message: Outgoing, qos: 0 | 1): Promise<unknown>;
  /** Opens a stream of what matches, on this client and on those that follow. Returns a function that ends it. */
  receive(link: Pick<IpcLink, 'subscribe'>, wanted: Wanted): EndStream;
};

export type Wanted = {
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly onMessage: (message: Incoming) => void;
  /** Told after each attempt to subscribe. */
  readonly onOutcome: (failure: Failure | undefined) => void;
};
