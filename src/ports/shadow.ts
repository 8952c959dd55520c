import type { Result } from '../domain/errors.ts';

export type ShadowDocument = Readonly<Record<string, unknown>>;

/**
 * The named shadow of this thing.
 *
 * Order: `onDesired` sees newer versions only; an older or repeated version is dropped.
 * Delivery: `report` is at most one in flight; it resolves when accepted, or with the failure. Never rejects.
 */
export interface Shadow {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Merges `reported` (null removes a field), and clears `desired` fields that are given as null. At most 8 KB as JSON. */
  report(reported: ShadowDocument, desired?: ShadowDocument): Promise<Result<void>>;
  /** The longest answer of the shadow service that reaches us: a longer one is lost. Undefined: any. */
  readonly maxAnswerBytes?: number | undefined;
  /** What the shadow holds as reported; undefined until it is known. After a `report`, what it made of it. */
  readonly reported: ShadowDocument | undefined;
  /**
   * Tells the desired fields that differ from the reported ones: after each connect, and on every change. `{}` means
   * that nothing differs.
   */
  onDesired(listener: (desired: ShadowDocument, version: number) => void): () => void;
}
