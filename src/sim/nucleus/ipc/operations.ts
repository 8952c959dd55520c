import type { NucleusMode, NucleusServices } from '../services.ts';
import type { Operation } from './operation.ts';
import { deferComponentUpdate, subscribeToComponentUpdates } from './operations/component-updates.ts';
import { getComponentDetails, listComponents, restartComponent } from './operations/components.ts';
import {
  sendConfigurationValidityReport,
  subscribeToValidateConfigurationUpdates,
} from './operations/configuration-validity.ts';
import { getConfiguration } from './operations/get-configuration.ts';
import { createLocalDeployment, getLocalDeploymentStatus } from './operations/local-deployments.ts';
import { publishToIoTCore } from './operations/publish-to-iot-core.ts';
import { publishToTopic } from './operations/publish-to-topic.ts';
import { putComponentMetric } from './operations/put-component-metric.ts';
import { subscribeToConfigurationUpdate } from './operations/subscribe-to-configuration-update.ts';
import { subscribeToIoTCore } from './operations/subscribe-to-iot-core.ts';
import { subscribeToTopic } from './operations/subscribe-to-topic.ts';
import {
  deleteThingShadow,
  getThingShadow,
  listNamedShadowsForThing,
  updateThingShadow,
} from './operations/thing-shadows.ts';
import { updateConfiguration } from './operations/update-configuration.ts';
import { updateState } from './operations/update-state.ts';
import { validateAuthorizationToken } from './operations/validate-authorization-token.ts';
import { Refusal } from './refusal.ts';

const ON_BOTH: readonly Operation[] = [
  publishToTopic,
  subscribeToTopic,
  publishToIoTCore,
  subscribeToIoTCore,
  getConfiguration,
  updateConfiguration,
  subscribeToConfigurationUpdate,
  updateState,
  validateAuthorizationToken,
  restartComponent,
  createLocalDeployment,
];

const ON_CLASSIC: readonly Operation[] = [
  subscribeToValidateConfigurationUpdates,
  sendConfigurationValidityReport,
  subscribeToComponentUpdates,
  deferComponentUpdate,
  putComponentMetric,
  getComponentDetails,
  listComponents,
  getLocalDeploymentStatus,
  getThingShadow,
  updateThingShadow,
  deleteThingShadow,
  listNamedShadowsForThing,
  // Known to its model, and served by components that the simulator does not have, or not at all.
  ...[
    'AuthorizeClientDeviceAction',
    'CancelLocalDeployment',
    'CreateDebugPassword',
    'GetClientDeviceAuthToken',
    'GetSecretValue',
    'ListLocalDeployments',
    'PauseComponent',
    'ResumeComponent',
    'StopComponent',
    'SubscribeToCertificateUpdates',
    'VerifyClientDeviceIdentity',
  ].map(unserved),
];

const TABLES: Readonly<Record<NucleusMode, ReadonlyMap<string, Operation>>> = {
  classic: table([...ON_BOTH, ...ON_CLASSIC]),
  lite: table(ON_BOTH),
};

/** The operations that a nucleus knows. */
export class OperationTable {
  readonly #services: NucleusServices;

  constructor(services: NucleusServices) {
    this.#services = services;
  }

  /** Undefined: no such operation. One whose component is not deployed is there, and is refused. */
  find(name: string): Operation | undefined {
    const { mode } = this.#services;
    const operation = TABLES[mode].get(name);
    if (operation?.servedBy === undefined || mode === 'lite') return operation;
    const { servedBy } = operation;
    return this.#services.components().some((one) => one.name === servedBy) ? operation : unserved(name);
  }
}

function unserved(name: string): Operation {
  const text = `Operation aws.greengrass#${name} is not supported by Greengrass`;
  return { name, handle: () => new Refusal('ServiceError', text) };
}

function table(operations: readonly Operation[]): ReadonlyMap<string, Operation> {
  return new Map(operations.map((operation) => [operation.name, operation]));
}
