import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AuditEntry, AuditVerdict } from '../ports/audit.ts';

/** What the very first entry points back to. */
export const GENESIS = '0'.repeat(64);
/** A line longer than this tells no small, flat facts. */
export const MAX_LINE_BYTES = 8 * 1024;

export type Link = { readonly text: string; readonly hash: string };

/** Writes an entry as one line of JSON that holds the hash of the one before it, and its own. */
export function link(entry: AuditEntry, prev: string): Link {
  const whole = body(entry, prev);
  const fits = Buffer.byteLength(whole) < MAX_LINE_BYTES;
  const text = fits ? whole : body({ ...entry, facts: { tooLargeBytes: whole.length } }, prev);
  const hash = sha256(text);
  return { text: `${text.slice(0, -1)},"hash":"${hash}"}\n`, hash };
}

/** The rotated file, which is older. */
export function olderFile(file: string): string {
  return `${file}.1`;
}

/** Follows the chain through the older file and this one, and finds the first link that is broken. */
export async function verifyAudit(file: string): Promise<AuditVerdict> {
  let entries = 0;
  let prev: string | undefined;
  for (const each of [olderFile(file), file]) {
    let number = 0;
    for await (const line of lines(each)) {
      number++;
      if (line.torn) return { ok: true, entries, lastHash: prev ?? GENESIS, torn: true };
      const checked = check(line.text, prev);
      if ('reason' in checked) return { ok: false, file: each, line: number, reason: checked.reason };
      prev = checked.hash;
      entries++;
    }
  }
  return { ok: true, entries, lastHash: prev ?? GENESIS, torn: false };
}

/** Checks one line; gives its hash, or what is wrong with it. Without `prev` any predecessor is right. */
export function check(text: string, prev: string | undefined): { hash: string } | { reason: string } {
  const parts = /^(\{.*"prev":"([0-9a-f]{64})"),"hash":"([0-9a-f]{64})"\}$/.exec(text);
  const [, head, before, hash = ''] = parts ?? [];
  if (head === undefined) return { reason: 'is no entry' };
  if (sha256(`${head}}`) !== hash) return { reason: 'was changed' };
  if (prev !== undefined && before !== prev) return { reason: 'does not follow the one before it' };
  return { hash };
}

function body({ at, event, facts }: AuditEntry, prev: string): string {
  // Readers of lines split at these two as well, and JSON lets them stand.
  return JSON.stringify({ at, event, facts, prev }).replace(/[\u2028\u2029]/g, ' ');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Lines of a file, if there is one. */
async function* lines(file: string): AsyncIterable<{ text: string; torn: boolean }> {
  const input = createReadStream(file);
  let endsLine = true;
  input.on('data', (chunk) => {
    endsLine = chunk.at(-1) === 0x0a || chunk.at(-1) === '\n';
  });
  let held: string | undefined;
  try {
    for await (const text of createInterface({ input })) {
      if (held !== undefined) yield { text: held, torn: false };
      held = text;
    }
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return;
    throw thrown;
  }
  if (held !== undefined) yield { text: held, torn: !endsLine };
}
