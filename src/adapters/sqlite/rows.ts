import type { SQLOutputValue } from 'node:sqlite';
import type { OutMessage } from '../../domain/message.ts';
import { rowChecksum, type Sealed } from './checksum.ts';
import { CLASS_RANK } from './schema.ts';

/** A message as it lies in the file. `sound` is false when its checksum says that it is not what was written. */
export type StoredRow = Sealed & { readonly tries: number; readonly checksum: number; readonly sound: boolean };

export function seal(message: OutMessage, seq: number, createdAt: number): StoredRow {
  const sealed: Sealed = {
    seq,
    id: message.id,
    rank: CLASS_RANK[message.class],
    topic: message.topic,
    payload: message.payload,
    correlationData: message.correlationData,
    createdAt,
  };
  return { ...sealed, tries: 0, checksum: rowChecksum(sealed), sound: true };
}

/** Reads a row whose integers came as bigints: a flipped bit can make one too large for a number. */
export function unseal(raw: Record<string, SQLOutputValue>): StoredRow {
  const row = {
    seq: Number(raw['seq']),
    id: String(raw['id']),
    rank: Number(raw['class']),
    topic: String(raw['topic']),
    payload: bytes(raw['payload']) ?? new Uint8Array(),
    correlationData: bytes(raw['correlation']),
    createdAt: Number(raw['created_at']),
    // Outside the checksum: a damaged count may come too early or too late, but not never.
    tries: Math.max(0, Number(raw['tries'])),
    checksum: Number(raw['checksum']),
  };
  return { ...row, sound: rowChecksum(row) === row.checksum };
}

function bytes(value: SQLOutputValue | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}
