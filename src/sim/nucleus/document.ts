import type { JsonValue } from './services.ts';

/** What a deployment changes in a component's configuration: first the paths (JSON pointers; '' is all of it) go back to the recipe's defaults, then `merge` is merged. */
export type ConfigurationUpdate = {
  readonly reset?: readonly string[];
  readonly merge?: Readonly<Record<string, JsonValue>>;
};

export type ComponentRequest = { readonly version: string; readonly configurationUpdate?: ConfigurationUpdate };

export type FailureHandlingPolicy = 'ROLLBACK' | 'DO_NOTHING';

export type DeploymentDocument = {
  /** Made up when it is left out. */
  readonly deploymentId?: string;
  /**
   * `cloud`: the whole of what the thing's group shall have, artifacts come with digests, and the cloud sends it again
   * after a restart. `local`: added to what local deployments brought before, and forgotten with the power.
   */
  readonly source: 'cloud' | 'local';
  readonly components: Readonly<Record<string, ComponentRequest>>;
  /** Of a local deployment: what is no longer wanted. */
  readonly remove?: readonly string[];
  /** Where recipes and artifacts come from: `<name>-<version>.yaml|yml|json` and `<name>/<version>/<file>`. */
  readonly recipes?: string;
  readonly artifacts?: string;
  /** Classic only. As there: ROLLBACK for deployments of the cloud, DO_NOTHING for local ones. */
  readonly failureHandlingPolicy?: FailureHandlingPolicy;
  /** Classic only: whether components are asked, and for how long they may be waited for (60 s). */
  readonly componentUpdatePolicy?: {
    readonly action: 'NOTIFY_COMPONENTS' | 'SKIP_NOTIFY_COMPONENTS';
    readonly timeoutInSeconds?: number;
  };
};

/** Lite knows SUCCEEDED and FAILED. */
export type DeploymentStatus =
  | 'SUCCEEDED'
  | 'FAILED'
  | 'FAILED_NO_STATE_CHANGE'
  | 'FAILED_ROLLBACK_NOT_REQUESTED'
  | 'FAILED_ROLLBACK_COMPLETE'
  | 'FAILED_UNABLE_TO_ROLLBACK';

export type DeployedComponent = { readonly name: string; readonly version: string; readonly state: string };

export type DeploymentResult = {
  readonly deploymentId: string;
  readonly status: DeploymentStatus;
  /** Why it failed, for people. */
  readonly reason?: string;
  /** What the device has after it. */
  readonly components: readonly DeployedComponent[];
};
