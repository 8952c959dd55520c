import { randomBytes } from 'node:crypto';

/** As long as lite's: 12 bytes make 16 letters. */
const TOKEN_BYTES = 12;

/**
 * Who is who on the IPC. A component keeps its token over its own restarts. On classic tokens are made anew with each
 * start of the nucleus; on lite ggipcd keeps them in memory only: when it dies, those of living components are worth nothing.
 */
export class Tokens {
  readonly #byComponent = new Map<string, string>();
  readonly #owners = new Map<string, string>();

  tokenOf(component: string): string {
    const known = this.#byComponent.get(component);
    if (known !== undefined) return known;
    const token = randomBytes(TOKEN_BYTES).toString('base64');
    this.#byComponent.set(component, token);
    this.#owners.set(token, component);
    return token;
  }

  ownerOf(token: string): string | undefined {
    return this.#owners.get(token);
  }

  forgetAll(): void {
    this.#byComponent.clear();
    this.#owners.clear();
  }
}
