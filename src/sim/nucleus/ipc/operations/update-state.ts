import type { Call, Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';

/** A component says how it is. It needs no permission: it speaks of itself only. */
export const updateState: Operation = {
  name: 'UpdateState',
  handle(call) {
    const { component, request, nucleus } = call;
    const { state } = request;
    if (state !== 'RUNNING' && state !== 'ERRORED') return unknownState(call);
    nucleus.services.reportState(component, state);
    return {};
  },
};

function unknownState({ request, nucleus }: Call): Refusal {
  const { state } = request;
  if (nucleus.services.mode === 'classic') {
    return new Refusal('ServiceError', `No enum constant com.aws.greengrass.dependency.State.${String(state)}`);
  }
  const text = typeof state === 'string' ? 'Failed to update the lifecycle state.' : 'Received invalid parameters.';
  return new Refusal('ServiceError', text);
}
