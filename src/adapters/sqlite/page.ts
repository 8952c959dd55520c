import type { OutboxRow } from '../../ports/outbox.ts';
import type { Pending } from './pending.ts';
import type { StoredRow } from './rows.ts';
import { classOf } from './schema.ts';
import type { Store } from './store.ts';

export type Page = { readonly rows: OutboxRow[]; readonly damaged: StoredRow[] };

/** Reads up to `limit` rows behind `afterSeq`, passing over what is done with and what is damaged. */
export function readPage(
  store: Store,
  pending: Pending,
  { afterSeq, limit, routeCodes }: { afterSeq: number; limit: number; routeCodes: readonly number[] | undefined },
): Page {
  const rows: OutboxRow[] = [];
  const damaged: StoredRow[] = [];
  let after = afterSeq;
  while (rows.length < limit) {
    const wanted = limit - rows.length;
    const read = store.page(after, wanted, routeCodes);
    for (const stored of read) {
      after = stored.seq;
      if (pending.gone.has(stored.seq)) continue;
      const row = toRow(stored, pending.tries.get(stored.seq));
      if (row === undefined) damaged.push(stored);
      else rows.push(row);
    }
    if (read.length < wanted) break;
  }
  return { rows, damaged };
}

/** Undefined for a row that is not what was written. */
function toRow(stored: StoredRow, tries = stored.tries): OutboxRow | undefined {
  const { id, topic, payload, correlationData, seq } = stored;
  const messageClass = classOf(stored.rank);
  if (!stored.sound || messageClass === undefined) return undefined;
  return { id, class: messageClass, topic, payload, correlationData, seq, tries };
}
