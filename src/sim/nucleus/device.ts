import type { Time } from '../pace.ts';
import type { ComponentStore } from './component-store.ts';
import type { Configuration } from './configuration.ts';
import type { DeploymentDocument, DeploymentStatus } from './document.ts';
import type { Layout } from './layout.ts';
import type { LogFile } from './log-file.ts';
import type { Machine } from './recipe.ts';
import type { SavedComponent } from './saved-state.ts';
import type { ReportedState } from './services.ts';
import type { StageRunner } from './stage-runner.ts';

/** What both engines work on. */
export type Device = {
  readonly machine: Machine;
  readonly thing: string;
  readonly layout: Layout;
  readonly store: ComponentStore;
  readonly configuration: Configuration;
  /** What is installed, by name; `save` makes a change last. */
  readonly components: Map<string, SavedComponent>;
  /** What each kind of deployment wants: target -> component -> version. */
  readonly targets: Map<string, Readonly<Record<string, string>>>;
  readonly time: Time;
  /** How long a second of the nucleus is. */
  readonly secondMs: number;
  readonly run: StageRunner;
  readonly log: (component: string) => LogFile;
  /** What every process of a component finds in its environment; each call is the start of a process. */
  readonly environment: (component: string) => Record<string, string>;
  /** Tells people and programs; state and configuration are saved by themselves. */
  readonly tell: (component: string, state: string, reason?: string) => void;
  readonly save: () => Promise<void>;
};

export type Applied = { readonly status: DeploymentStatus; readonly reason?: string };

/** One of the two nuclei: how components live, and how a deployment changes them. */
export interface Engine {
  /** Takes up what is installed, as after power came back. */
  start(): Promise<void>;
  /** Applies one deployment; never two at once. `signal` ends its waits when the nucleus stops; then it rejects. */
  apply(deploymentId: string, document: DeploymentDocument, signal: AbortSignal): Promise<Applied>;
  stateOf(component: string): string;
  report(component: string, state: ReportedState): void;
  restart(component: string): boolean;
  /** Ends all processes in good order. */
  stop(): Promise<void>;
}

/** Where what local deployments want is kept, and what the cloud wants. */
const TARGETS = { local: 'LOCAL_DEPLOYMENTS', cloud: 'thinggroup' } as const;

/** What a device shall have when a deployment is done: all targets together; two that want different versions conflict. */
export function wantedBy(
  document: DeploymentDocument,
  targets: ReadonlyMap<string, Readonly<Record<string, string>>>,
): { readonly target: string; readonly own: Record<string, string>; readonly others: Record<string, string> } {
  const target = TARGETS[document.source];
  const own: Record<string, string> = document.source === 'local' ? { ...targets.get(target) } : {};
  for (const name of document.remove ?? []) delete own[name];
  for (const [name, { version }] of Object.entries(document.components)) own[name] = version;
  const others: Record<string, string> = {};
  for (const [other, wanted] of targets) if (other !== target) Object.assign(others, wanted);
  return { target, own, others };
}
