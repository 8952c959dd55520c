import { z } from 'zod';
import { fail, ok, type Result } from '../domain/errors.ts';
import type { VerifyContext } from '../ports/package-verifier.ts';
import { ENVELOPE, type Envelope, IN_TOTO_TYPE, parseSigned, trustedSigners } from './dsse.ts';
import { SHA256, STATEMENT_TYPE, statementOf } from './statement.ts';
import type { TrustRoot } from './trust.ts';

const PREDICATE_TYPE = 'https://openclaw.com/attestations/model-release/v1';
const MAX_TEXT = 500;
/** A device belongs to a few groups; a release is for a few more. */
const MAX_GROUPS = 64;

const NUMBER = z.int().min(1);
const TEXT = z.string().min(1).max(MAX_TEXT);
const DATE = z.iso.datetime('must be a UTC date such as 2027-01-31T00:00:00Z');

const RELEASE = z.strictObject({
  name: TEXT,
  version: TEXT,
  /** Higher than every one before; what the device remembers. */
  release: NUMBER,
  /** A device must have had this one or a later one; a device that has had none takes every release. */
  minimumRelease: NUMBER.optional(),
  /** For new installs only: what is installed keeps running. */
  notBefore: DATE,
  expires: DATE,
  /** Devices of at least one of them; every device where there are none. */
  groups: z.array(TEXT).min(1).max(MAX_GROUPS).optional(),
  /** The root that its signers had before them: the device needs this one, or a later one. */
  trustRootVersion: NUMBER,
  /** SHA-256 of the statement in model.sig. The subject covers the files' digests, this one also their names. */
  statementSha256: SHA256,
  /** A deliberate downgrade: lets this release in although `thing` has had `floor`, and no other thing or floor. */
  override: z.strictObject({ thing: TEXT, floor: NUMBER, reason: TEXT }).optional(),
});

export type Release = z.infer<typeof RELEASE>;

const STATEMENT = statementOf(PREDICATE_TYPE, RELEASE);

/** What the release is signed over: taken from model.sig. */
export type SignedPackage = { readonly digest: string; readonly statementSha256: string };

export type CheckedRelease = {
  readonly release: Release;
  /** Ids of the trusted keys that have signed. */
  readonly signers: readonly string[];
  /** Set where the release came in by its override. */
  readonly downgrade: string | undefined;
};

/** Writes the statement that release.sig signs. */
export function writeReleaseStatement(release: Release, digest: string): Result<Buffer> {
  const statement = STATEMENT.safeParse({
    _type: STATEMENT_TYPE,
    subject: [{ name: release.name, digest: { sha256: digest } }],
    predicateType: PREDICATE_TYPE,
    predicate: release,
  });
  if (!statement.success) return fail('E_USAGE', statement.error.issues.map((issue) => issue.message).join('; '));
  if (release.expires <= release.notBefore) return fail('E_USAGE', 'the release expires before it begins');
  return ok(Buffer.from(JSON.stringify(statement.data)));
}

export function readEnvelope(bytes: Buffer): Result<Envelope> {
  return parseSigned(bytes, ENVELOPE, 'release.sig');
}

/** Proves that enough trusted keys release exactly this package, for this device, now. */
export function checkRelease(
  bytes: Buffer,
  signed: SignedPackage,
  root: TrustRoot,
  context: VerifyContext,
): Result<CheckedRelease> {
  const envelope = readEnvelope(bytes);
  if (!envelope.ok) return envelope;
  const payload = Buffer.from(envelope.value.payload, 'base64');
  const counted = trustedSigners(IN_TOTO_TYPE, payload, envelope.value.signatures, root.keys);
  if (!counted.ok) return counted;
  const signers = [...counted.value].map((hint) => root.keyIds.get(hint) ?? hint);
  if (signers.length === 0) return fail('E_SIGNER_UNTRUSTED', 'no trusted key has signed release.sig');
  if (signers.length < root.threshold) {
    return fail('E_SIGNERS_TOO_FEW', `${signers.join(', ')} signed release.sig, ${root.threshold} keys are needed`);
  }
  const statement = parseSigned(payload, STATEMENT, 'statement of release.sig');
  if (!statement.ok) return statement;
  const { subject, predicate: release } = statement.value;
  if (subject[0]?.digest.sha256 !== signed.digest || release.statementSha256 !== signed.statementSha256) {
    return fail('E_RELEASE_MISMATCH', `it is about ${release.name} ${release.version} with other files`);
  }
  if (release.trustRootVersion > root.version) {
    return fail('E_TRUST_OLD', `release.sig needs version ${release.trustRootVersion}, here is ${root.version}`);
  }
  const admitted = admit(release, context);
  return admitted.ok ? ok({ release, signers, downgrade: admitted.value }) : admitted;
}

/** Is the release for this device, and now? Gives the reason of the override where that is what lets it in. */
function admit(
  release: Release,
  { groups, thing, releaseFloor, nowMs, newInstall }: VerifyContext,
): Result<string | undefined> {
  if (release.groups !== undefined && !release.groups.some((group) => groups.includes(group))) {
    return fail(
      'E_RELEASE_FOREIGN',
      `for ${release.groups.join(', ')}; ${thing} is in ${groups.join(', ') || 'no group'}`,
    );
  }
  if (!newInstall) return ok(undefined);
  if (nowMs < Date.parse(release.notBefore)) return fail('E_RELEASE_EARLY', `from ${release.notBefore}`);
  if (nowMs >= Date.parse(release.expires)) return fail('E_RELEASE_EXPIRED', `until ${release.expires}`);
  const { override, minimumRelease = 0 } = release;
  if (release.release <= releaseFloor) {
    if (override?.thing === thing && override.floor === releaseFloor) return ok(override.reason);
    return fail('E_RELEASE_OLD', `release ${release.release}, ${thing} has had ${releaseFloor}`);
  }
  if (releaseFloor > 0 && releaseFloor < minimumRelease) {
    return fail('E_RELEASE_GAP', `release ${minimumRelease} comes first, ${thing} has had ${releaseFloor}`);
  }
  return ok(undefined);
}
