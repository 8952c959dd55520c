import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Fact } from '../../ports/outbox.ts';
import { factChecksum } from './checksum.ts';
import { LASTING_FACTS } from './schema.ts';

/** Sorts behind every name: no valid text holds a larger code point. */
const LAST = '\u{10FFFF}';

/** Small durable facts by name. The least recently written go first, those of alarms last of all. */
export class FactTable {
  readonly #sql: Readonly<Record<'update' | 'insert' | 'forget' | 'evict' | 'list' | 'count' | 'turn', StatementSync>>;
  /** Counts writes. Order by the wall clock would break when the clock jumps. */
  #turn = 0;
  #count = 0;

  constructor(db: DatabaseSync) {
    this.#sql = {
      update: db.prepare('UPDATE facts SET value = ?, updated_at = ?, turn = ?, checksum = ? WHERE name = ?'),
      insert: db.prepare(
        'INSERT INTO facts (value, updated_at, turn, checksum, name, lasting) VALUES (?, ?, ?, ?, ?, ?)',
      ),
      forget: db.prepare('DELETE FROM facts WHERE name = ?'),
      evict: db.prepare('DELETE FROM facts WHERE name = (SELECT name FROM facts ORDER BY lasting, turn LIMIT 1)'),
      list: db.prepare('SELECT name, value, checksum FROM facts WHERE name >= ? AND name < ? ORDER BY name'),
      count: db.prepare('SELECT count(*) AS n FROM facts'),
      turn: db.prepare('SELECT max(turn) AS turn FROM facts'),
    };
    this.#sql.list.setReadBigInts(true);
  }

  recount(): void {
    this.#count = Number(this.#sql.count.get()?.['n']);
    this.#turn = Number(this.#sql.turn.get()?.['turn'] ?? 0);
  }

  write(fact: Fact, nowMs: number): void {
    const { name, value } = fact;
    if (value === null) {
      this.forget(name);
      return;
    }
    const columns = [value, nowMs, ++this.#turn, factChecksum(name, value), name] as const;
    if (this.#sql.update.run(...columns).changes === 1) return;
    this.#sql.insert.run(...columns, name.startsWith(LASTING_FACTS) ? 1 : 0);
    this.#count++;
  }

  forget(name: string): void {
    this.#count -= Number(this.#sql.forget.run(name).changes);
  }

  /** Forgets what is beyond `max`. */
  evict(max: number): void {
    while (this.#count > max) this.#count -= Number(this.#sql.evict.run().changes);
  }

  /** Facts by prefix, and the names of those whose checksum is wrong. */
  list(prefix: string): { facts: Map<string, string>; damaged: string[] } {
    const facts = new Map<string, string>();
    const damaged: string[] = [];
    for (const row of this.#sql.list.all(prefix, prefix + LAST)) {
      const fact = soundFact(row);
      if (fact === undefined) damaged.push(String(row['name']));
      else facts.set(fact.name, fact.value);
    }
    return { facts, damaged };
  }
}

export function soundFact(row: Record<string, SQLOutputValue>): { name: string; value: string } | undefined {
  const name = String(row['name']);
  const value = String(row['value']);
  return factChecksum(name, value) === Number(row['checksum']) ? { name, value } : undefined;
}
