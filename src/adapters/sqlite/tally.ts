import { MESSAGE_CLASSES, type MessageClass } from '../../domain/message.ts';
import type { OutboxStats } from '../../ports/outbox.ts';
import type { Pending } from './pending.ts';
import { CLASS_RANK } from './schema.ts';
import type { Store } from './store.ts';

/** What happened to rows since the outbox was made, and what is there now. Nothing is counted by reading rows. */
export class Tally {
  readonly dropped = perClass();
  quarantined = 0;
  damaged = 0;

  stats(store: Store | undefined, pending: Pending, bytes: number): OutboxStats {
    const rowsByClass = perClass();
    let rows = 0;
    for (const messageClass of MESSAGE_CLASSES) {
      const rank = CLASS_RANK[messageClass];
      rowsByClass[messageClass] = Math.max(0, (store?.counts.get(rank) ?? 0) - pending.goneOfRank(rank));
      rows += rowsByClass[messageClass];
    }
    const { quarantined, damaged } = this;
    const newestSeq = store?.lastSeq ?? 0;
    return { newestSeq, rows, rowsByClass, bytes, dropped: { ...this.dropped }, quarantined, damaged };
  }
}

function perClass(): Record<MessageClass, number> {
  return { result: 0, incident: 0, alarm: 0, reply: 0 };
}
