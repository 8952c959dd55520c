/** SQLite's default, and the block size of most flash file systems. */
export const PAGE_BYTES = 4096;

/** A frame of the write-ahead log: a page and its header (sqlite.org/fileformat2.html, section 4.1). */
const FRAME_BYTES = PAGE_BYTES + 24;

/** Below 4 MiB one commit could not hold a message of 128 KiB, the largest that AWS IoT Core takes. */
export const MIN_OUTBOX_BYTES = 4 * 1024 * 1024;

/** A longer log only makes the start after a crash slower. */
const MAX_WAL_BYTES = 8 * 1024 * 1024;

/** Enough for one commit's frames when the disk is full. */
const MAX_BALLAST_BYTES = 1024 * 1024;

/** Pages that one row or fact touches beside its payload: a leaf of the table and one of the index of ids. */
const PAGES_PER_OP = 2;

export type Limits = {
  readonly maxPages: number;
  readonly walBytes: number;
  /** The log is written back into the database when it holds so many frames. */
  readonly checkpointFrames: number;
  readonly ballastBytes: number;
  /** What one commit may gather: bytes of payloads and names, and rows or facts. No put may be larger in bytes. */
  readonly batchBytes: number;
  readonly batchOps: number;
};

/**
 * Shares `maxBytes` out, so that database, write-ahead log and ballast together stay below it. The log grows to
 * `checkpointFrames` and then by one commit more: a quarter is for the first, the rest for the largest commit.
 */
export function shareOut(maxBytes: number): Limits {
  const walBytes = Math.min(Math.floor(maxBytes / 4), MAX_WAL_BYTES);
  const ballastBytes = Math.min(Math.floor(maxBytes / 16), MAX_BALLAST_BYTES);
  const frames = Math.floor(walBytes / FRAME_BYTES);
  const checkpointFrames = Math.floor(frames / 4);
  const commitFrames = frames - checkpointFrames;
  return {
    maxPages: Math.floor((maxBytes - walBytes - ballastBytes) / PAGE_BYTES),
    walBytes,
    checkpointFrames,
    ballastBytes,
    batchBytes: Math.floor(commitFrames / 2) * PAGE_BYTES,
    batchOps: Math.floor(commitFrames / 2 / PAGES_PER_OP),
  };
}
