import { liteParts, MAX_LITE_PARTS } from '../../../../domain/nucleus-lite.ts';
import type { JsonValue } from '../../services.ts';
import { classicPath, litePath } from '../key-path.ts';
import type { Answer, Call, JsonObject, Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';
import { isObject } from '../request.ts';

/** Anybody may read anybody's configuration: neither nucleus asks for a permission. */
export const getConfiguration: Operation = {
  name: 'GetConfiguration',
  handle: (call) => (call.nucleus.services.mode === 'classic' ? onClassic(call) : onLite(call)),
};

function onClassic({ component, request, nucleus }: Call): Answer {
  const asked = request['componentName'];
  const componentName = typeof asked === 'string' ? asked : component;
  const path = classicPath(request['keyPath']);
  const value = nucleus.services.configuration.get(componentName, path);
  if (value === undefined) return new Refusal('ResourceNotFoundError', 'Key not found');
  return { componentName, value: wrapped(path, value) };
}

function onLite({ component, request, nucleus }: Call): Answer {
  const path = litePath(request['keyPath']);
  const asked = request['componentName'] ?? component;
  if (path === 'malformed' || typeof asked !== 'string') {
    return new Refusal('ServiceError', 'Received invalid parameters.');
  }
  if (path === 'too deep') return new Refusal('ServiceError', 'Config path depth larger than supported.');
  const value = nucleus.services.configuration.get(storedAs(asked), path);
  if (value === undefined) return new Refusal('ResourceNotFoundError', 'Key not found.');
  if (!isObject(value) && path.length === 0) return new Refusal('InvalidArgumentsError', 'Key is not valid.');
  const answer = { componentName: asked, value: wrapped(path, value) };
  // Its encoder visits no more (gg_json_encode); what it says then is nothing.
  return liteParts(answer) > MAX_LITE_PARTS ? new Refusal('ServiceError') : answer;
}

/** lite answers for itself when it is asked about classic. */
export function storedAs(component: string): string {
  return component === 'aws.greengrass.Nucleus' ? 'aws.greengrass.NucleusLite' : component;
}

/** A map comes as it is; anything else under the last key of its path. */
function wrapped(path: readonly string[], value: JsonValue): JsonObject {
  return isObject(value) ? value : { [path.at(-1) ?? '']: value };
}
