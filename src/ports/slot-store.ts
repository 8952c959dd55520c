import type { Result } from '../domain/errors.ts';
import type { GoldenCase, Manifest } from '../domain/manifest.ts';
import type { ModelRef, SlotRecord } from '../domain/rollout.ts';

/** A package in the agent's own store, verified when it was staged; its files' digests come from the signature. */
export type StagedPackage = {
  readonly ref: ModelRef;
  readonly manifest: Manifest;
  readonly golden: readonly GoldenCase[];
};

/**
 * The agent's own copies of model packages, and what it knows of each slot. Both nuclei delete theirs.
 *
 * Durability: when a promise resolves, its effect survives a power cut; before it, the old state does.
 * Idempotence: every call may be repeated after a crash with the same arguments, and ends the same.
 * Concurrency: one writer a slot; slots do not wait for each other.
 */
export interface SlotStore {
  /** Opens the store and sweeps up what a power cut left half done (temporary folders). */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The record of a slot; undefined before the first `save`. A damaged record is E_STATE_DAMAGED, and its backup is tried first. */
  load(slot: string): Promise<Result<SlotRecord | undefined>>;
  /** Replaces the record atomically: temporary name, fsync, rename, fsync of the folder. */
  save(record: SlotRecord): Promise<Result<void>>;
  /**
   * Copies a package from a folder or zip into the store under a temporary name, hashing what it writes against
   * `files` (path -> hex SHA-256, from the verified signature), then fsync, rename, fsync. Refuses when there is not
   * enough free space (E_DISK_FULL). Memory stays flat whatever the size.
   */
  stage(
    slot: string,
    source: string,
    ref: ModelRef,
    files: ReadonlyMap<string, string>,
  ): Promise<Result<StagedPackage>>;
  /** Opens a staged package; its manifest and golden cases are checked against the digests kept at staging. */
  open(slot: string, ref: ModelRef): Promise<Result<StagedPackage>>;
  /** Reads one variant: exactly the returned bytes have the digest kept at staging. */
  read(
    slot: string,
    ref: ModelRef,
    variant: string | undefined,
  ): Promise<Result<{ variant: string; bytes: Uint8Array }>>;
  /** Removes every package of the slot but these. Never fails loudly: what could not be removed goes next time. */
  keepOnly(slot: string, refs: readonly ModelRef[]): Promise<void>;
  /** Packages of the slot, by version. */
  list(slot: string): Promise<readonly ModelRef[]>;
}

/**
 * The latest time this device ever saw, kept over restarts: a dead battery or a turned-back clock does not make an
 * expired package fresh again. Never throws: what cannot be saved now is saved later.
 */
export interface TimeFloor {
  /** Reads what was saved, and looks at the clock each hour; nothing saved, or a damaged file: the floor is the clock's time. */
  start(): Promise<void>;
  /** Saves the latest time. Idempotent. */
  stop(): Promise<void>;
  /** Looks at the clock; gives the larger of its time and the latest time ever seen. Saved at most once a minute. */
  now(): number;
}
