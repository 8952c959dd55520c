import { crc32 } from 'node:zlib';

/** The columns of a message that never change once it is queued. `tries` does, so it stays outside the checksum. */
export type Sealed = {
  readonly seq: number;
  readonly id: string;
  readonly rank: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly correlationData: Uint8Array | undefined;
  readonly createdAt: number;
};

const NOTHING = new Uint8Array();

/**
 * CRC-32 over a row. It is there against flipped bits, which `quick_check` does not see inside a payload; it finds
 * every burst up to 32 bits. It is no protection against somebody who may write the file.
 */
export function rowChecksum(row: Sealed): number {
  const head = [row.seq, row.id, row.rank, row.topic, row.createdAt, row.correlationData?.length ?? null];
  return crc32(row.payload, crc32(row.correlationData ?? NOTHING, crc32(JSON.stringify(head))));
}

export function factChecksum(name: string, value: string): number {
  return crc32(JSON.stringify([name, value]));
}
