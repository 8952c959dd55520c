import { fail, type Result } from '../../domain/errors.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { SlotRecord } from '../../domain/rollout.ts';
import type { Audit } from '../../ports/audit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PackageVerifier, VerifiedPackage } from '../../ports/package-verifier.ts';

export type VerifyNeeds = {
  readonly verifier: PackageVerifier;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly thing: string;
  readonly groups: readonly string[];
  /** The latest time ever seen, milliseconds since 1970 UTC: a clock that was set back does not turn back expiry. */
  readonly timeFloor: () => number;
  /** What the configuration of the agent has against a model: it cannot serve here, however good it is. */
  readonly unfit: (manifest: Manifest) => string | undefined;
};

/** Holds the requested package against this device and the agent's configuration, and audits the decision. */
export async function verify(
  { verifier, audit, clock, thing, groups, timeFloor, unfit }: VerifyNeeds,
  { request, releaseFloor, active, previous }: SlotRecord,
): Promise<Result<VerifiedPackage>> {
  const source = request?.source ?? '';
  const nowMs = Math.max(clock.now(), timeFloor());
  const keptDigests = [active, previous].flatMap((ref) => ref?.digest ?? []);
  const context = { nowMs, releaseFloor, keptDigests, groups, thing, newInstall: true };
  const genuine = await verifier.verify(source, context);
  const problem = genuine.ok ? unfit(genuine.value.manifest) : undefined;
  const verified = problem === undefined ? genuine : fail('E_MODEL_CONTRACT', problem);
  if (verified.ok) {
    const { ref, signers, downgrade } = verified.value;
    const facts = { source, ...ref, signers: signers.join(', '), ...(downgrade === undefined ? {} : { downgrade }) };
    await audit.append({ at: clock.now(), event: 'trust.accepted', facts });
  } else {
    const { code, message } = verified.error;
    await audit.append({ at: clock.now(), event: 'trust.refused', facts: { source, code, message } });
  }
  return verified;
}
