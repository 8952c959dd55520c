import type { ComponentDetails } from '../../services.ts';
import { denied } from '../authorize.ts';
import type { Call, JsonObject, Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';

const CLI = 'aws.greengrass.Cli';

export const listComponents: Operation = {
  name: 'ListComponents',
  servedBy: CLI,
  handle(call) {
    const components = call.nucleus.services.components();
    return denied(call, CLI, 'ListComponents', '*') ?? { components: components.map((one) => details(call, one)) };
  },
};

export const getComponentDetails: Operation = {
  name: 'GetComponentDetails',
  servedBy: CLI,
  handle(call) {
    const name = call.request['componentName'];
    if (typeof name !== 'string' || name === '') return emptyName();
    const refusal = denied(call, CLI, 'GetComponentDetails', name);
    if (refusal !== undefined) return refusal;
    const found = call.nucleus.services.components().find((one) => one.name === name);
    return found === undefined ? notFound(name) : { componentDetails: details(call, found) };
  },
};

export const restartComponent: Operation = {
  name: 'RestartComponent',
  servedBy: CLI,
  handle(call) {
    const name = call.request['componentName'];
    const { services } = call.nucleus;
    const isClassic = services.mode === 'classic';
    if (typeof name !== 'string' || (isClassic && name === '')) {
      return isClassic ? emptyName() : new Refusal('InvalidArgumentsError', 'Invalid arguments provided.');
    }
    const refusal = denied(call, CLI, 'RestartComponent', name);
    if (refusal !== undefined) {
      const text = 'Component not authorized to restart component.';
      return isClassic ? refusal : new Refusal('UnauthorizedError', text);
    }
    if (services.restart(name)) return { restartStatus: 'SUCCEEDED' };
    return isClassic ? notFound(name) : new Refusal('ResourceNotFoundError', 'Component not found.');
  },
};

function details({ nucleus }: Call, { name, version, state }: ComponentDetails): JsonObject {
  const configuration = nucleus.services.configuration.get(name, []);
  return { componentName: name, version, state, ...(configuration === undefined ? {} : { configuration }) };
}

function emptyName(): Refusal {
  return new Refusal('InvalidArgumentsError', 'Component name cannot be empty');
}

function notFound(name: string): Refusal {
  return new Refusal('ResourceNotFoundError', `Component with name ${name} not found in Greengrass`);
}
