import { denied } from '../authorize.ts';
import type { Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';

const CLI = 'aws.greengrass.Cli';
/** Bytes of hexadecimal in five groups, as UUID.fromString of Java takes them. */
const UUID = /^[0-9a-f]{1,8}(-[0-9a-f]{1,4}){3}-[0-9a-f]{1,12}$/i;

export const createLocalDeployment: Operation = {
  name: 'CreateLocalDeployment',
  servedBy: CLI,
  async handle(call) {
    const { services } = call.nucleus;
    const isClassic = services.mode === 'classic';
    const refusal = denied(call, CLI, 'CreateLocalDeployment', isClassic ? '*' : '');
    // lite tells a missing permission by the wrong type.
    if (refusal !== undefined) return isClassic ? refusal : new Refusal('ServiceError', refusal.message);
    const group = call.request['groupName'];
    if (isClassic && typeof group === 'string' && group.includes(':')) {
      return new Refusal('InvalidArgumentsError', 'Thing group name cannot contain colon characters');
    }
    return { deploymentId: await services.createLocalDeployment(call.request) };
  },
};

export const getLocalDeploymentStatus: Operation = {
  name: 'GetLocalDeploymentStatus',
  servedBy: CLI,
  handle(call) {
    const id = call.request['deploymentId'];
    if (typeof id !== 'string' || !UUID.test(id)) {
      return new Refusal('InvalidArgumentsError', 'Invalid deploymentId format received. DeploymentId is a UUID');
    }
    const refusal = denied(call, CLI, 'GetLocalDeploymentStatus', id);
    if (refusal !== undefined) return refusal;
    const status = call.nucleus.services.deploymentStatus(id);
    if (status !== undefined) return { deployment: { deploymentId: id, status } };
    const fields = { resourceType: 'localDeployment', resourceName: id };
    return new Refusal('ResourceNotFoundError', 'Cannot find deployment', fields);
  },
};
