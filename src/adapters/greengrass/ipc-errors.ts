import { type ErrorCode, type Failure, failure } from '../../domain/errors.ts';

/** An operation of the nucleus, without `aws.greengrass#`, and what it is done to: a topic, a shadow, a key. */
export type IpcRequest = { readonly operation: string; readonly resource?: string | undefined };

/** Whose accessControl entry an operation needs; operations that are not here need none. */
const SERVICES: Readonly<Record<string, string>> = {
  PublishToTopic: 'aws.greengrass.ipc.pubsub',
  SubscribeToTopic: 'aws.greengrass.ipc.pubsub',
  PublishToIoTCore: 'aws.greengrass.ipc.mqttproxy',
  SubscribeToIoTCore: 'aws.greengrass.ipc.mqttproxy',
  GetThingShadow: 'aws.greengrass.ShadowManager',
  UpdateThingShadow: 'aws.greengrass.ShadowManager',
  DeleteThingShadow: 'aws.greengrass.ShadowManager',
  ListNamedShadowsForThing: 'aws.greengrass.ShadowManager',
};

/** The errors of the service model (its shapes) that mean something to us; others are E_IPC_FAILED. */
const SHAPES: Readonly<Record<string, ErrorCode>> = {
  InvalidArgumentsError: 'E_IPC_REFUSED',
  FailedUpdateConditionCheckError: 'E_IPC_REFUSED',
  ComponentNotFoundError: 'E_IPC_NOT_FOUND',
  ResourceNotFoundError: 'E_IPC_NOT_FOUND',
  ConflictError: 'E_IPC_CONFLICT',
};

/** What nucleus lite serves (ggipcd). To everything else it answers with a ServiceError without a word. */
const LITE_SERVES: ReadonlySet<string> = new Set([
  'PublishToTopic',
  'SubscribeToTopic',
  'PublishToIoTCore',
  'SubscribeToIoTCore',
  'GetConfiguration',
  'UpdateConfiguration',
  'SubscribeToConfigurationUpdate',
  'CreateLocalDeployment',
  'RestartComponent',
  'UpdateState',
  'ValidateAuthorizationToken',
]);

/** The categories of the SDK's errors (its RpcErrorType), as numbers: the enumeration would load the SDK. */
const HANDSHAKE = 2;
const CLIENT_STATE = 4;
const NETWORK = 5;
const INTERRUPTION = 6;
const LOST: readonly unknown[] = [CLIENT_STATE, NETWORK, INTERRUPTION];

/** Tells what the SDK's error means for a request. */
export function requestFailure({ operation, resource }: IpcRequest, thrown: unknown): Failure {
  const { type, text, shape, silent } = describe(thrown);
  const what = resource === undefined ? operation : `${operation} of ${resource}`;
  if (shape === 'UnauthorizedError') return unauthorized(operation, resource, thrown);
  if (/is not supported by Greengrass/.test(text) || (silent && !LITE_SERVES.has(operation)))
    return failure('E_IPC_UNSUPPORTED', operation, thrown);
  if (LOST.includes(type)) return failure('E_IPC_OFFLINE', `${what}: ${text}`, thrown);
  return failure(SHAPES[shape] ?? 'E_IPC_FAILED', `${what}: ${text}`, thrown);
}

/** Tells why a client did not connect. */
export function connectFailure(thrown: unknown): Failure {
  const { type, text } = describe(thrown);
  return failure(type === HANDSHAKE ? 'E_IPC_DENIED' : 'E_IPC_UNREACHABLE', text, thrown);
}

function unauthorized(operation: string, resource: string | undefined, cause: unknown): Failure {
  const entry = `operation "aws.greengrass#${operation}", resource ${JSON.stringify(resource ?? '*')}`;
  const service = SERVICES[operation];
  const where = service === undefined ? '' : ` under ${service}`;
  return failure('E_IPC_UNAUTHORIZED', `accessControl${where} lacks ${entry}`, cause);
}

type Described = { readonly type: unknown; readonly text: string; readonly shape: string; readonly silent: boolean };

/** The SDK hands the error's JSON over as it came, in which both nuclei name the shape; its class does not tell it. */
function describe(thrown: unknown): Described {
  if (!(thrown instanceof Error)) return { type: undefined, text: String(thrown), shape: '', silent: false };
  const type = 'type' in thrown ? thrown.type : undefined;
  const inner = 'internalError' in thrown ? thrown.internalError : undefined;
  const service = 'serviceError' in thrown ? thrown.serviceError : undefined;
  const told = textOf(service, '_message') ?? textOf(service, 'message');
  const reason = inner === undefined ? thrown.message : `${thrown.message} (${inner})`;
  const shape = textOf(service, '_errorCode') ?? shapeIn(thrown.message);
  return { type, text: told ?? reason, shape, silent: service !== undefined && told === undefined };
}

function textOf(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** Errors that the service model does not list for an operation are named in the text only. */
function shapeIn(message: string): string {
  return /'aws\.greengrass#(\w+)'/.exec(message)?.[1] ?? '';
}
