/** A package that lies in the inbox, whole: it was renamed to its name. */
export type InboxPackage = {
  /** Name in the folder: of a folder, or of a zip. */
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  /** Tells it apart from an earlier one of that name; stays over restarts. Letters and digits. */
  readonly stamp: string;
};

/**
 * A folder into which packages are put for one agent.
 *
 * Concurrency: one reader. What has an ending is not shown again. Names that end in `.tmp` or start with a dot are not there yet.
 */
export interface PackageInbox {
  /** Makes the folder where it is missing. Never throws: a folder that cannot be made is empty. */
  start(): Promise<void>;
  /** Packages that wait, in the order in which they came; a bounded number of them. Never throws. */
  look(): Promise<readonly InboxPackage[]>;
  /**
   * Renames a package to `<name>.<ending>`, unless another one has taken its place. The latest few with an ending are kept.
   * Never throws; may be repeated.
   */
  settle(settled: InboxPackage, ending: InboxEnding): Promise<void>;
}

/** What a package is renamed to when its rollout has ended: how it ended. */
export const INBOX_ENDINGS = ['committed', 'rolledBack', 'refused', 'cancelled', 'superseded'] as const;
export type InboxEnding = (typeof INBOX_ENDINGS)[number];
