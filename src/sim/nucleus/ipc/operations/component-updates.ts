import type { Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';

export const subscribeToComponentUpdates: Operation = {
  name: 'SubscribeToComponentUpdates',
  events: 'ComponentUpdatePolicyEvents',
  handle({ component, stream, nucleus }) {
    nucleus.updates.subscribe(component, stream);
    return {};
  },
};

/** 0 ms lets the update come. */
export const deferComponentUpdate: Operation = {
  name: 'DeferComponentUpdate',
  handle({ component, request, nucleus }) {
    const { deploymentId, recheckAfterMs } = request;
    const id = typeof deploymentId === 'string' ? deploymentId : undefined;
    const deferral = nucleus.updates.defer(component, id ?? '', Number(recheckAfterMs ?? 0));
    if (deferral === 'not subscribed') {
      return new Refusal('InvalidArgumentsError', 'Component is not subscribed to component update events');
    }
    if (id === undefined) {
      return new Refusal('InvalidArgumentsError', 'Cannot defer the update, the deployment ID provided was null');
    }
    if (deferral === 'taken') return {};
    return new Refusal('ServiceError', 'Time limit to respond to PreComponentUpdateEvent exceeded');
  },
};
