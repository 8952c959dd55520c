import { randomUUID } from 'node:crypto';
import type { Applied } from './device.ts';
import type { DeploymentDocument, DeploymentStatus } from './document.ts';

/** As many as lite's queue holds (ggdeploymentd); one more is refused. */
const MAX_QUEUED = 10;
/** Ends that are remembered. */
const MAX_ENDS = 50;

export type Ended = Applied & { readonly deploymentId: string };

type Waiting = {
  readonly deploymentId: string;
  readonly document: DeploymentDocument;
  readonly settle: (ended: Ended) => void;
  readonly give: (reason: unknown) => void;
};

export type DeploymentsParts = {
  readonly apply: (deploymentId: string, document: DeploymentDocument, signal: AbortSignal) => Promise<Applied>;
  readonly tell: (deploymentId: string, status: string, reason?: string) => void;
  readonly save: () => Promise<void>;
};

/**
 * The queue of deployments: one after the other. Those of the cloud are kept, and begun anew after a restart, as IoT Jobs
 * sends again what has not ended; a local one is gone with the nucleus that took it.
 */
export class Deployments {
  readonly #parts: DeploymentsParts;
  readonly #queue: Waiting[] = [];
  readonly #ends = new Map<string, string>();
  readonly #stopped = new AbortController();
  /** The cloud has them, and has not sent them again yet. */
  #unsent: readonly DeploymentDocument[] = [];
  /** Begun or queued, and not ended when this nucleus stopped. */
  readonly #givenUp: Waiting[] = [];
  #current: Waiting | undefined;
  #work: Promise<void> | undefined;

  constructor(parts: DeploymentsParts) {
    this.#parts = parts;
  }

  /** What has to last. */
  save(): { readonly queue: readonly DeploymentDocument[]; readonly ends: Readonly<Record<string, string>> } {
    const open = [...this.#givenUp, ...(this.#current === undefined ? [] : [this.#current]), ...this.#queue];
    const queue = open.flatMap(({ deploymentId, document }) =>
      document.source === 'cloud' ? [{ ...document, deploymentId }] : [],
    );
    return { queue: [...this.#unsent, ...queue], ends: Object.fromEntries(this.#ends) };
  }

  /** `resent` resolves when the cloud sends again what has not ended; until then it only counts as queued. */
  restore(queue: readonly DeploymentDocument[], ends: Readonly<Record<string, string>>, resent: Promise<void>): void {
    for (const [id, end] of Object.entries(ends)) this.#ends.set(id, end);
    if (queue.length === 0) {
      resent.catch(() => {});
      return;
    }
    this.#unsent = queue;
    resent.then(
      () => {
        this.#unsent = [];
        for (const document of queue) this.add(document).ended.catch(() => {});
      },
      () => {},
    );
  }

  /** Queues a deployment. `ended` rejects when the nucleus stops before. */
  add(document: DeploymentDocument): { readonly deploymentId: string; readonly ended: Promise<Ended> } {
    const deploymentId = document.deploymentId ?? randomUUID();
    if (this.#queue.length >= MAX_QUEUED) {
      return { deploymentId, ended: Promise.reject(new Error(`${MAX_QUEUED} deployments are waiting`)) };
    }
    const { promise, resolve, reject } = Promise.withResolvers<Ended>();
    this.#queue.push({ deploymentId, document, settle: resolve, give: reject });
    this.#parts.tell(deploymentId, 'QUEUED');
    // What goes wrong with it is told when the deployment begins, which is saved too.
    this.#parts.save().catch(() => {});
    this.#work ??= this.#workOff().finally(() => {
      this.#work = undefined;
    });
    return { deploymentId, ended: promise };
  }

  /** QUEUED, IN_PROGRESS, or how it ended. */
  statusOf(deploymentId: string): string | undefined {
    if (this.#current?.deploymentId === deploymentId) return 'IN_PROGRESS';
    const waiting = [...this.#queue, ...this.#unsent];
    if (waiting.some((one) => one.deploymentId === deploymentId)) return 'QUEUED';
    return this.#ends.get(deploymentId);
  }

  /** Ends the one in progress where it stands; no other begins. Its work may take a moment to notice: see `stop`. */
  abort(): void {
    this.#stopped.abort(new Error('the nucleus was stopped'));
  }

  async stop(): Promise<void> {
    this.abort();
    await this.#work;
    for (const waiting of this.#queue.splice(0)) this.#giveUp(waiting);
  }

  async #workOff(): Promise<void> {
    // Whoever adds one shall see it queued first.
    await Promise.resolve();
    const { signal } = this.#stopped;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (signal.aborted) {
        this.#giveUp(next);
        continue;
      }
      this.#current = next;
      try {
        await this.#parts.save();
        this.#parts.tell(next.deploymentId, 'IN_PROGRESS');
        const applied = await this.#parts.apply(next.deploymentId, next.document, signal);
        signal.throwIfAborted();
        this.#end(next, applied);
        await this.#parts.save();
        next.settle({ ...applied, deploymentId: next.deploymentId });
      } catch (cause) {
        if (signal.aborted) this.#giveUp(next);
        else {
          this.#end(next, { status: 'FAILED', reason: String(cause) });
          next.give(cause);
        }
      }
      this.#current = undefined;
    }
  }

  #giveUp(waiting: Waiting): void {
    this.#givenUp.push(waiting);
    waiting.give(this.#stopped.signal.reason);
  }

  #end({ deploymentId }: Waiting, { status, reason }: { status: DeploymentStatus; reason?: string }): void {
    this.#current = undefined;
    this.#ends.set(deploymentId, status);
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size <= MAX_ENDS) break;
      this.#ends.delete(oldest);
    }
    this.#parts.tell(deploymentId, status, reason);
  }
}
