import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { soundFact } from './fact-table.ts';
import { unseal } from './rows.ts';
import type { Store } from './store.ts';
import { Transactions } from './transactions.ts';

// From both ends, since reading stops at the first bad page.
const MESSAGES = ['SELECT * FROM messages ORDER BY seq', 'SELECT * FROM messages ORDER BY seq DESC'] as const;
const FACTS = ['SELECT * FROM facts ORDER BY name', 'SELECT * FROM facts ORDER BY name DESC'] as const;

/**
 * Takes over what can still be read of a damaged file and has a right checksum. A file whose header is gone gives
 * nothing. Stops quietly when the new file has no room.
 */
export function salvage(aside: string, store: Store, opsPerCommit: number, nowMs: number): { messages: number } {
  const saved = { messages: 0 };
  const work = new Transactions({ db: store.db, opsPerCommit });
  try {
    for (const raw of readable(aside, MESSAGES)) {
      const row = unseal(raw);
      if (row.sound) work.run(1, () => (store.insert(row) ? () => saved.messages++ : undefined));
    }
    const facts = new Map([...readable(aside, FACTS)].map((raw) => [soundFact(raw), Number(raw['turn'])]));
    for (const [fact] of [...facts].sort((a, b) => a[1] - b[1])) {
      if (fact !== undefined) work.run(1, () => void store.facts.write(fact, nowMs));
    }
    work.commit();
  } catch {
    work.rollback();
    store.recount();
  }
  return saved;
}

function* readable(aside: string, queries: readonly string[]): Generator<Record<string, SQLOutputValue>> {
  for (const query of queries) {
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(aside, { timeout: 0 });
      db.exec('PRAGMA locking_mode = EXCLUSIVE');
      const statement = db.prepare(query);
      statement.setReadBigInts(true);
      yield* statement.iterate();
    } catch {
      // The bad page: what was read before it counts, and the other end comes next.
    } finally {
      db?.close();
    }
  }
}
