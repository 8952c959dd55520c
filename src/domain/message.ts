/**
 * Classes of what leaves the device, the most expendable first. When the outbox is full, the oldest message of the
 * lowest class goes first.
 */
export const MESSAGE_CLASSES = ['result', 'incident', 'alarm', 'reply'] as const;
export type MessageClass = (typeof MESSAGE_CLASSES)[number];

/** One message on its way out. */
export type OutMessage = {
  /** Stable: the same event keeps its id through restarts and redelivery. */
  readonly id: string;
  readonly class: MessageClass;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly correlationData?: Uint8Array | undefined;
};
