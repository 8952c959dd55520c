import type { Layout } from './layout.ts';
import { LogFile } from './log-file.ts';

/** The log files of all components: one each, whoever writes to it, so its lines keep their order. */
export class ComponentLogs {
  readonly #layout: Layout;
  readonly #logs = new Map<string, LogFile>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  of(component: string): LogFile {
    const log = this.#logs.get(component) ?? new LogFile(this.#layout.log(component));
    this.#logs.set(component, log);
    return log;
  }

  /** Resolves when what was on its way has arrived. */
  async settled(): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log.settled()));
  }
}
