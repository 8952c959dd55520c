/** Whether a runner is ready, and who wants to know when that changes. */
export class ReadyFlag {
  readonly #listeners = new Set<(ready: boolean) => void>();
  #value = false;

  get value(): boolean {
    return this.#value;
  }

  set(value: boolean): void {
    if (value === this.#value) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  listen(listener: (ready: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
