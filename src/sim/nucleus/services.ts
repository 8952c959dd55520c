/**
 * What the IPC server of the simulated nucleus asks of the rest of it. The server knows frames, sessions, permissions and
 * operations; it knows nothing of deployments and processes.
 */

/** `classic` is the Java nucleus, `lite` the C one. */
export type NucleusMode = 'classic' | 'lite';

/**
 * accessControl of a component, as its configuration holds it now: service -> policy id -> policy. Recipe variables in
 * resources are replaced where the nucleus does that (lite always; classic with interpolateComponentConfiguration).
 */
export type AccessControl = Readonly<
  Record<
    string,
    Readonly<Record<string, { readonly operations: readonly string[]; readonly resources: readonly string[] }>>
  >
>;

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What components say of themselves by UpdateState. */
export type ReportedState = 'RUNNING' | 'ERRORED';

export type ComponentDetails = { readonly name: string; readonly version: string; readonly state: string };

export interface NucleusServices {
  readonly mode: NucleusMode;
  readonly thing: string;
  /** Whose token it is; undefined: nobody's. */
  authenticate(svcuid: string): string | undefined;
  accessControl(component: string): AccessControl;
  /** Versions and states, the nucleus itself among them. */
  components(): readonly ComponentDetails[];
  readonly configuration: ConfigurationStore;
  reportState(component: string, state: ReportedState): void;
  /** Restarts a component in good order; false: there is none of that name. */
  restart(component: string): boolean;
  /** CreateLocalDeployment; the request as it came. Resolves with the deployment's id, once it is queued. */
  createLocalDeployment(request: Readonly<Record<string, JsonValue>>): Promise<string>;
  /** Ends, or not (GetLocalDeploymentStatus, classic). */
  deploymentStatus(id: string): string | undefined;
  /**
   * What the components answer to pre-update events: the engine asks all that subscribed, and waits for the longest.
   * The server calls `onPreUpdate` with a function that sends the events; classic only.
   */
  onPreUpdate(ask: PreUpdateAsker): () => void;
  /** Told after an update was done or given up. */
  onPostUpdate(tell: (deploymentId: string) => void): () => void;
}

/**
 * Sends a pre-update event to one component. Resolves with the ms it wants to wait before it is asked again; 0: go on;
 * undefined: it has not subscribed, or did not answer within `timeoutMs` (of the deployment's componentUpdatePolicy; 60 s).
 */
export type PreUpdateAsker = (
  component: string,
  deploymentId: string,
  isNucleusRestarting: boolean,
  timeoutMs?: number,
) => Promise<number | undefined>;

/** Configuration of all components; of a component, the part that deployments call its configuration. */
export interface ConfigurationStore {
  /** The value at a path; undefined: there is none. */
  get(component: string, path: readonly string[]): JsonValue | undefined;
  /** Merges as UpdateConfiguration does: older timestamps lose, null is a value. False: the time is too old. */
  merge(component: string, path: readonly string[], value: JsonValue, timestampMs: number): boolean;
  /** Tells each change below `path`, with the path of what changed. Returns a function that ends the listening. */
  onChange(component: string, path: readonly string[], listener: (changed: readonly string[]) => void): () => void;
  /**
   * The server registers what SubscribeToValidateConfigurationUpdates subscribers are asked (classic); the engine asks
   * before it applies a deployment's configuration.
   */
  onValidate(component: string, ask: ConfigurationValidator): () => void;
}

/**
 * Asks a component about a configuration. Resolves with the reason of a refusal, or undefined. No answer within
 * `timeoutMs` (of the deployment's configurationValidationPolicy; 20 s) is a refusal: classic fails such a deployment.
 */
export type ConfigurationValidator = (
  proposed: JsonValue,
  deploymentId?: string,
  timeoutMs?: number,
) => Promise<string | undefined>;
