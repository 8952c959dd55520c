import { allowsAsClassic } from './access-classic.ts';
import { allowsAsLite } from './access-lite.ts';
import { NAMESPACE } from './messages.ts';
import type { Call } from './operation.ts';
import { Refusal } from './refusal.ts';

export type AccessService =
  | 'aws.greengrass.Cli'
  | 'aws.greengrass.ShadowManager'
  | 'aws.greengrass.ipc.lifecycle'
  | 'aws.greengrass.ipc.mqttproxy'
  | 'aws.greengrass.ipc.pubsub';

/** The service whose policies know the wildcards of MQTT. */
const MQTT_STYLE: AccessService = 'aws.greengrass.ipc.mqttproxy';

/**
 * Asks the component's accessControl whether it may use `operation` on `resource`, as the nucleus would. Undefined: it
 * may. classic says what was refused to whom; lite says only that.
 */
export function denied(
  call: Call,
  service: AccessService,
  operation: string,
  resource: string | undefined,
): Refusal | undefined {
  const { component, nucleus } = call;
  const { services } = nucleus;
  const policies = Object.values(services.accessControl(component)[service] ?? {});
  const asked = { operation: `${NAMESPACE}${operation}`, resource, mqttStyle: service === MQTT_STYLE };
  if (services.mode === 'lite') {
    const allowed = allowsAsLite(policies, { ...asked, resource: resource ?? '' });
    return allowed ? undefined : new Refusal('UnauthorizedError', 'IPC Operation not authorized.');
  }
  if (resource === '') return new Refusal('UnauthorizedError', 'Resource cannot be empty');
  if (allowsAsClassic(policies, asked)) return undefined;
  const what = `${service}:${asked.operation} on resource ${resource ?? 'null'}`;
  return new Refusal('UnauthorizedError', `Principal ${component} is not authorized to perform ${what}`);
}
