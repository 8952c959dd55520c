/** So many at once, and again as time goes by: keeps a flood of nonsense from becoming a flood of replies. */
export class Budget {
  readonly #perMinute: number;
  #left: number;
  #atMs: number | undefined;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#left = perMinute;
  }

  /** Spends one, where there is one. `nowMs` is monotonic. */
  take(nowMs: number): boolean {
    const passedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    this.#left = Math.min(this.#perMinute, this.#left + (passedMs / 60_000) * this.#perMinute);
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
