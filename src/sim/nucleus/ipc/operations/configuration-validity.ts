import type { Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';
import { isObject } from '../request.ts';

export const subscribeToValidateConfigurationUpdates: Operation = {
  name: 'SubscribeToValidateConfigurationUpdates',
  events: 'ValidateConfigurationUpdateEvents',
  handle({ component, stream, nucleus }) {
    nucleus.validity.subscribe(component, stream, nucleus.services.configuration);
    return {};
  },
};

export const sendConfigurationValidityReport: Operation = {
  name: 'SendConfigurationValidityReport',
  handle({ component, request, nucleus }) {
    const report = request['configurationValidityReport'];
    const { deploymentId, status, message } = isObject(report) ? report : {};
    if (typeof deploymentId !== 'string') {
      const text = 'Cannot accept configuration validity report, the deployment ID provided was null';
      return new Refusal('InvalidArgumentsError', text);
    }
    const objection = status === 'REJECTED' ? String(message ?? null) : undefined;
    if (nucleus.validity.report(component, deploymentId, objection)) return {};
    return new Refusal('InvalidArgumentsError', 'Validation request either timed out or was never made');
  },
};
