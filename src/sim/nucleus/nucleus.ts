import type { Time } from '../pace.ts';
import type { DeployedComponent, DeploymentDocument, DeploymentResult } from './document.ts';
import type { NucleusMode, NucleusServices } from './services.ts';

export type NucleusEvent =
  | {
      readonly event: 'component';
      readonly at: string;
      readonly component: string;
      readonly version: string;
      readonly state: string;
      readonly reason?: string;
    }
  | {
      readonly event: 'deployment';
      readonly at: string;
      readonly deploymentId: string;
      readonly status: string;
      readonly reason?: string;
    };

/** The IPC server as the nucleus needs it. `cut` ends all connections and goes on listening. */
export interface IpcEndpoint {
  start(): Promise<void>;
  stop(): Promise<void>;
  cut(): void;
}

export type NucleusOptions = {
  /** Everything lies below it; made when it is missing. May be taken up again by a later Nucleus of the same mode. */
  readonly root: string;
  readonly mode: NucleusMode;
  readonly thing: string;
  readonly makeIpc: (services: NucleusServices, socketPath: string) => IpcEndpoint;
  readonly region?: string;
  /** Default: this machine's. */
  readonly architecture?: 'amd64' | 'aarch64';
  readonly onEvent?: (event: NucleusEvent) => void;
  readonly time?: Time;
};

/**
 * A Greengrass core device that runs the real recipes' real scripts on this machine. A development tool: one user, no
 * isolation, nothing of it is for production.
 */
export class Nucleus {
  constructor(_options: NucleusOptions) {}
  /** Takes up what the root folder holds: configuration, components, deployments that the cloud sends again. */
  async start(): Promise<void> {}
  /** Queued behind those before it. Resolves when it has ended, also badly; rejects when the nucleus stops before. */
  deploy(_document: DeploymentDocument): Promise<DeploymentResult> {
    return Promise.reject(new Error('not built yet'));
  }
  components(): readonly DeployedComponent[] {
    return [];
  }
  /** The IPC daemon dies and comes back while the components live. On lite it forgets every token with it. */
  async restartIpc(): Promise<void> {}
  /** All IPC connections end; the daemon lives. */
  cutIpc(): void {}
  /** Ends every process in good order. Idempotent. */
  async stop(): Promise<void> {}
  /** The power fails: SIGKILL for every process, and nothing more is written. */
  async killAll(): Promise<void> {}
}
