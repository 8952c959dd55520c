import { classicPath, litePath } from '../key-path.ts';
import type { Answer, Call, Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';
import { isObject } from '../request.ts';

/** What no component may change by itself. */
const RESTRICTED = 'accessControl';
const MS_A_SECOND = 1_000;

/** A component changes its own configuration, and no other's. */
export const updateConfiguration: Operation = {
  name: 'UpdateConfiguration',
  handle: (call) => (call.nucleus.services.mode === 'classic' ? onClassic(call) : onLite(call)),
};

function onClassic({ component, request, nucleus }: Call): Answer {
  const { timestamp, valueToMerge: value } = request;
  if (typeof timestamp !== 'number') return new Refusal('InvalidArgumentsError', 'Timestamp is required');
  if (!isObject(value)) return new Refusal('InvalidArgumentsError', 'ValueToMerge is required');
  const path = classicPath(request['keyPath']);
  if (touchesRestricted(path, value)) {
    return new Refusal('InvalidArgumentsError', `Config update is not allowed for following fields [${RESTRICTED}]`);
  }
  const { configuration } = nucleus.services;
  const present = configuration.get(component, path);
  if (present !== undefined && !isObject(present)) {
    return new Refusal('InvalidArgumentsError', `${path.join('.')} is a value, and cannot become a map`);
  }
  // A path that is new gets the time of now, whatever the request says.
  const at = present === undefined ? Date.now() : timestamp * MS_A_SECOND;
  if (configuration.merge(component, path, value, at)) return {};
  const message = "Proposed timestamp is older than the config's latest modified timestamp";
  return new Refusal('FailedUpdateConditionCheckError', message);
}

function onLite({ component, request, nucleus }: Call): Answer {
  const { timestamp, valueToMerge: value } = request;
  const path = litePath(request['keyPath']);
  // It wants a number with a fraction: the SDK's client writes whole seconds without one, and is refused.
  const isDouble = typeof timestamp === 'number' && !Number.isInteger(timestamp);
  if (!isDouble || value === undefined || path === 'malformed') {
    return new Refusal('InvalidArgumentsError', 'Received invalid parameters.');
  }
  if (path !== 'too deep' && touchesRestricted(path, value)) {
    return new Refusal('InvalidArgumentsError', `Config update is not allowed for following field [${RESTRICTED}]`);
  }
  if (path === 'too deep') return new Refusal('ServiceError', 'Config path depth larger than supported.');
  const at = Math.trunc(timestamp * MS_A_SECOND);
  // An update that is too old changes nothing, and is answered as if it had.
  nucleus.services.configuration.merge(component, path, value, at);
  return {};
}

function touchesRestricted(path: readonly string[], value: unknown): boolean {
  return path.length > 0 ? path[0] === RESTRICTED : isObject(value) && RESTRICTED in value;
}
