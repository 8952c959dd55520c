/** classic, AuthorizationHandler: what each service can be asked for. Lite serves the first two, and Cli in part. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  'aws.greengrass.ipc.pubsub': ['PublishToTopic', 'SubscribeToTopic'],
  'aws.greengrass.ipc.mqttproxy': ['PublishToIoTCore', 'SubscribeToIoTCore'],
  'aws.greengrass.ShadowManager': [
    'GetThingShadow',
    'UpdateThingShadow',
    'DeleteThingShadow',
    'ListNamedShadowsForThing',
  ],
  'aws.greengrass.SecretManager': ['GetSecretValue'],
  'aws.greengrass.ipc.lifecycle': ['PauseComponent', 'ResumeComponent'],
  'aws.greengrass.clientdevices.Auth': [
    'SubscribeToCertificateUpdates',
    'VerifyClientDeviceIdentity',
    'GetClientDeviceAuthToken',
    'AuthorizeClientDeviceAction',
  ],
  'aws.greengrass.Cli': [
    'GetComponentDetails',
    'ListComponents',
    'RestartComponent',
    'StopComponent',
    'CreateLocalDeployment',
    'GetLocalDeploymentStatus',
    'ListLocalDeployments',
    'CreateDebugPassword',
  ],
  'aws.greengrass.ipc.componentmetric': ['PutComponentMetric'],
};
export const PREFIX = 'aws.greengrass#';
/** Their operations have no resource that could be named. */
export const WITHOUT_RESOURCES = [
  'aws.greengrass.Cli',
  'aws.greengrass.clientdevices.Auth',
  'aws.greengrass.ipc.componentmetric',
];
export const SERVICES = Object.keys(OPERATIONS);

/** Says what is wrong with an operation under a service, or undefined. */
export function operationProblem(operation: string, service: string): string | undefined {
  const served = OPERATIONS[service];
  if (served === undefined || operation === '*' || served.some((known) => operation === PREFIX + known))
    return undefined;
  const name = operation.startsWith(PREFIX) ? operation.slice(PREFIX.length) : operation;
  if (served.includes(name)) return `is written ${PREFIX}${name}`;
  const owner = SERVICES.find((other) => OPERATIONS[other]?.includes(name));
  return owner === undefined ? 'is not an operation' : `belongs under ${owner}`;
}
