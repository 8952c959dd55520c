import { fail, ok, type Result } from '../../src/domain/errors.ts';
import type { PackageVerifier, VerifiedPackage, VerifyContext } from '../../src/ports/package-verifier.ts';

/** Believes the packages that it was told about, and keeps what it was held against. */
export class FakeVerifier implements PackageVerifier {
  readonly packages = new Map<string, VerifiedPackage>();
  readonly contexts: VerifyContext[] = [];

  async verify(source: string, context: VerifyContext): Promise<Result<VerifiedPackage>> {
    this.contexts.push(context);
    const known = this.packages.get(source);
    if (known === undefined) return fail('E_MODEL_MISSING', source);
    const fresh = known.ref.release > context.releaseFloor || context.keptDigests?.includes(known.ref.digest);
    return fresh ? ok(known) : fail('E_RELEASE_OLD', `${known.ref.release}`);
  }
}
