import { generateKeyPairSync } from 'node:crypto';
import { given } from '../../src/domain/errors.ts';
import { replaceFile, signPackage } from '../../src/package/sign.ts';
import { type ReleaseTerms, signRelease } from '../../src/package/sign-release.ts';
import { parseTrust } from '../../src/package/trust.ts';

/** A device without a clock battery wakes up in 1970, and must take what came with it. */
const NOT_BEFORE = '1970-01-01T00:00:00Z';
/** Machines run for twenty years, and are installed anew now and then. */
const EXPIRES = '2046-01-01T00:00:00Z';

/** Signs packages with a new P-256 key that nobody else ever sees: it is gone with this object. */
export class OneTimePublisher {
  readonly #id: string;
  readonly #key = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

  /** `id` is what devices call the key, in their logs. */
  constructor(id: string) {
    this.#id = id;
  }

  /** Writes a trust root that believes this key alone. */
  async writeTrust(file: string): Promise<void> {
    const keys = [{ id: this.#id, pem: this.#key.publicKey }];
    const { document } = given(parseTrust({ schemaVersion: 1, version: 1, threshold: 1, keys }));
    await replaceFile(file, `${JSON.stringify(document, undefined, 2)}\n`);
  }

  /** Writes model.sig and release.sig: for every device, at every time. */
  async sign(folder: string, release: number): Promise<void> {
    const terms: ReleaseTerms = { release, notBefore: NOT_BEFORE, expires: EXPIRES, trustRootVersion: 1 };
    given(await signPackage(folder, { method: 'key', privateKeyPem: this.#key.privateKey }, Date.now()));
    given(await signRelease(folder, this.#key.privateKey, terms));
  }
}
