import type { DeploymentDocument, DeploymentStatus } from '../../../src/sim/nucleus/document.ts';
import type { JsonValue, NucleusMode } from '../../../src/sim/nucleus/services.ts';
import { AGENT, type DemoComponents, MODEL } from './components.ts';

/** What the demo tells of one deployment. */
export type Deployed = {
  readonly components: Readonly<Record<string, string>>;
  readonly status: DeploymentStatus | 'UNFINISHED';
  readonly reason: string;
  readonly seconds: number;
};

/** The models that come one after another: the first, a better one, and one that is signed, fast and wrong. */
export const MODELS = ['1.0.0', '1.1.0', '1.2.0'] as const;

/** How each deployment should end: classic undoes what failed, lite leaves that to the agent. */
export function expected(mode: NucleusMode): readonly DeploymentStatus[] {
  return ['SUCCEEDED', 'SUCCEEDED', mode === 'classic' ? 'FAILED_ROLLBACK_COMPLETE' : 'FAILED'];
}

/** A deployment as the cloud sends it: all that the device shall have. `configuration` is what it changes of the agent's. */
export function deployment(
  model: string,
  { recipes, artifacts, agentVersion }: DemoComponents,
  configuration?: Readonly<Record<string, JsonValue>>,
): DeploymentDocument {
  // Lite starts a component anew whose configuration is in the deployment, changed or not.
  const configurationUpdate = configuration && { merge: configuration };
  return {
    source: 'cloud',
    components: {
      [AGENT]: { version: agentVersion, ...(configurationUpdate && { configurationUpdate }) },
      [MODEL]: { version: model },
    },
    recipes,
    artifacts,
    failureHandlingPolicy: 'ROLLBACK',
  };
}
