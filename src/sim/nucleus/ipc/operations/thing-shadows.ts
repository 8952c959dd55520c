import type { JsonValue } from '../../services.ts';
import { isFault, type ShadowFault } from '../../shadow-document.ts';
import { SHADOW_MANAGER } from '../../shadow-manager.ts';
import { type ShadowKey, type ShadowVerb, shadowPrefix } from '../../shadow-service.ts';
import { denied } from '../authorize.ts';
import { decodeBase64 } from '../iot-fields.ts';
import type { Answer, Call, Operation } from '../operation.ts';
import { type ErrorShape, Refusal } from '../refusal.ts';

const NAME = /^[a-zA-Z0-9:_-]+$/;
const MAX_THING_LENGTH = 128;
const MAX_NAME_LENGTH = 64;
const DEFAULT_PAGE = 25;
const MAX_PAGE = 100;
const MS_A_SECOND = 1_000;

const SHAPE_OF: Readonly<Record<ShadowFault['code'], ErrorShape>> = {
  400: 'InvalidArgumentsError',
  401: 'UnauthorizedError',
  404: 'ResourceNotFoundError',
  409: 'ConflictError',
  413: 'InvalidArgumentsError',
};

export const getThingShadow = shadowOperation('GetThingShadow', 'get');
export const updateThingShadow = shadowOperation('UpdateThingShadow', 'update');
export const deleteThingShadow = shadowOperation('DeleteThingShadow', 'delete');

export const listNamedShadowsForThing: Operation = {
  name: 'ListNamedShadowsForThing',
  servedBy: SHADOW_MANAGER,
  handle(call) {
    const { thingName: thing, pageSize: size = DEFAULT_PAGE, nextToken } = call.request;
    const problem = problemOf({ thing: text(thing), name: '' });
    if (problem !== undefined) return new Refusal('InvalidArgumentsError', problem);
    const refusal = denied(call, SHADOW_MANAGER, 'ListNamedShadowsForThing', text(thing));
    if (refusal !== undefined) return refusal;
    if (typeof size !== 'number' || size < 1 || size > MAX_PAGE) {
      return new Refusal('InvalidArgumentsError', 'pageSize argument must be between 1 and 100');
    }
    const offset = Number(nextToken ?? 0);
    if (!Number.isInteger(offset)) return new Refusal('InvalidArgumentsError', 'Invalid nextToken');
    const results = call.nucleus.shadows.service.names(text(thing)).slice(offset, offset + size);
    const more = results.length === size ? { nextToken: String(offset + size) } : {};
    return { results, timestamp: Date.now() / MS_A_SECOND, ...more };
  },
};

function shadowOperation(name: string, verb: ShadowVerb): Operation {
  return { name, servedBy: SHADOW_MANAGER, handle: (call) => handle(call, name, verb) };
}

/** What is refused is told on the shadow's topics as well. */
function handle(call: Call, operation: string, verb: ShadowVerb): Answer {
  const { thingName, shadowName, payload } = call.request;
  const { service } = call.nucleus.shadows;
  const key: ShadowKey = { thing: text(thingName), name: text(shadowName) };
  const problem = problemOf(key);
  if (problem !== undefined) {
    service.reject(verb, key, { code: 400, message: problem });
    return new Refusal('InvalidArgumentsError', problem);
  }
  const refusal = denied(call, SHADOW_MANAGER, operation, shadowPrefix(key));
  if (refusal !== undefined) {
    service.reject(verb, key, { code: 401, message: 'Unauthorized' });
    return refusal;
  }
  const answer = service.handle(verb, key, decodeBase64(payload) ?? new Uint8Array(0));
  if (isFault(answer)) return refused(answer);
  // The answer to a delete is empty; what was deleted is told on its topic.
  return { payload: verb === 'delete' ? '' : Buffer.from(JSON.stringify(answer)).toString('base64') };
}

function refused({ code, message }: ShadowFault): Refusal {
  if (code !== 404) return new Refusal(SHAPE_OF[code], message);
  return new Refusal('ResourceNotFoundError', 'No shadow found', { resourceType: 'shadow' });
}

function problemOf({ thing, name }: ShadowKey): string | undefined {
  if (thing === '') return 'ThingName is missing';
  if (thing.length > MAX_THING_LENGTH) return `ThingName has a maximum length of ${MAX_THING_LENGTH}`;
  if (!NAME.test(thing)) return 'ThingName must match pattern [a-zA-Z0-9:_-]+';
  if (name.length > MAX_NAME_LENGTH) return `ShadowName has a maximum length of ${MAX_NAME_LENGTH}`;
  return name === '' || NAME.test(name) ? undefined : 'ShadowName must match pattern [a-zA-Z0-9:_-]+';
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
