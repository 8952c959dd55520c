/** Questions to components about a deployment. The first answer to each counts; silence is an answer, too. */
export class Questions<Answer> {
  readonly #silence: Answer;
  /** Component and deployment -> who waits for the answer. */
  readonly #pending = new Map<string, (answer: Answer) => void>();

  constructor(silence: Answer) {
    this.#silence = silence;
  }

  /** Asks by `send`, and waits for `answer`. */
  ask(component: string, deploymentId: string, timeoutMs: number, send: () => void): Promise<Answer> {
    const place = key(component, deploymentId);
    return new Promise((resolve) => {
      const settle = (answer: Answer) => {
        clearTimeout(late);
        if (this.#pending.get(place) === settle) this.#pending.delete(place);
        resolve(answer);
      };
      const late = setTimeout(() => settle(this.#silence), timeoutMs);
      this.#pending.set(place, settle);
      send();
    });
  }

  /** Takes an answer. False: nobody asked, or it is too late. */
  answer(component: string, deploymentId: string, answer: Answer): boolean {
    const settle = this.#pending.get(key(component, deploymentId));
    settle?.(answer);
    return settle !== undefined;
  }

  /** No component that is being asked can answer any more. */
  end(): void {
    for (const settle of [...this.#pending.values()]) settle(this.#silence);
  }
}

function key(component: string, deploymentId: string): string {
  return JSON.stringify([component, deploymentId]);
}
