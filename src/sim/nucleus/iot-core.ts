/** A message to or from AWS IoT Core. */
export type IotMessage = {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
};

/** Why the nucleus did not take a message or a subscription. */
export type IotRefusal = { readonly reason: string };

/**
 * The nucleus's connection to AWS IoT Core, as its components see it: each nucleus has its own rules for what is taken,
 * what waits while the connection is away, and what is lost.
 */
export interface IotCore {
  readonly online: boolean;
  start(): void;
  /** Idempotent. What waits is lost, as with a nucleus that stops. */
  stop(): Promise<void>;
  /** Takes a message, or says why not. Taken does not mean arrived. */
  publish(message: IotMessage): IotRefusal | undefined;
  /**
   * Subscribes; resolves with a function that ends the subscription. With a filter that another subscription has as
   * well, each gets the messages. `signal` ends the waiting, too.
   */
  subscribe(
    filter: string,
    qos: 0 | 1 | 2,
    deliver: (message: IotMessage) => void,
    signal: AbortSignal,
  ): Promise<IotRefusal | (() => void)>;
}
