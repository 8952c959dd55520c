import type { Result } from '../domain/errors.ts';

export type ComponentState = 'running' | 'errored';

/**
 * Who deploys this process as a component, and may want to restart it for a deployment.
 *
 * Failure: what the host does not serve is told once in the log and counts as done. Nothing here rejects.
 */
export interface ComponentHost {
  start(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
  /** Tells how we are; told again after each reconnect. */
  report(state: ComponentState): Promise<Result<void>>;
  /**
   * Asks whether a deployment may come now. `hold` tells for how long to wait, in ms, before asking again, and why;
   * undefined: it may. The host is asked to wait again and again, yet never longer than `MAX_HOLD_MS` of the adapter
   * altogether: hosts have no bound, and a rollout that never ends must not keep a security fix away. One listener.
   */
  onDeployment(hold: () => Hold | undefined): () => void;
}

export type Hold = { readonly forMs: number; readonly reason: string };
