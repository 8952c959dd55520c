import type { Result } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { ModelRef } from '../domain/rollout.ts';

/** What a rollout may rely on once a package is verified. */
export type VerifiedPackage = {
  readonly ref: ModelRef;
  readonly manifest: Manifest;
  /** Path -> hex SHA-256 of every file of the package, signatures included, as verified. */
  readonly files: ReadonlyMap<string, string>;
  /** Who signed: key ids or certificate subjects. */
  readonly signers: readonly string[];
  /** Sum of the sizes of all files, bytes. */
  readonly bytes: number;
  /** Why an older release was let in: the reason inside its signed downgrade for this thing. To be audited. */
  readonly downgrade?: string;
};

/** What this device holds the package against. */
export type VerifyContext = {
  /** The larger of the clock and the latest time ever seen: a dead battery does not turn back expiry. */
  readonly nowMs: number;
  /** Release numbers must be higher for a new install, unless the package carries a signed downgrade for this floor. */
  readonly releaseFloor: number;
  /**
   * Digests of the active model and of the one before it: the very same package again is no downgrade, whatever its release
   * number. A nucleus that undoes a deployment asks for the one before; an operator may go back to it at any time.
   */
  readonly keptDigests?: readonly string[] | undefined;
  /** Device groups that this thing belongs to. */
  readonly groups: readonly string[];
  readonly thing: string;
  /** True for a package that is installed anew; false for one that was let in before: neither floor nor dates matter. */
  readonly newInstall: boolean;
};

/**
 * Proves that a package (a folder, or a zip) is genuine, complete and meant for this device.
 * Reading only: it writes nothing and may be repeated. Memory stays flat whatever the size of the package.
 */
export interface PackageVerifier {
  verify(source: string, context: VerifyContext): Promise<Result<VerifiedPackage>>;
}
