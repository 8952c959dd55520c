import type { Spot } from '../../recipe.ts';
import { ACCESS_CONTROL, at, list, mapping, type Policy, policies } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';
import { operationProblem, PREFIX, SERVICES, WITHOUT_RESOURCES } from './access-services.ts';

/** lite, ggipcd/src/ipc_authz.c: the memory that the policies of one service are read into, with some 16 bytes a value. */
const MAX_LITE_BYTES = 4_096;
const BYTES_A_VALUE = 16;

export const ACCESS: readonly Rule[] = [
  {
    id: 'access-service',
    nuclei: 'both',
    severity: 'error',
    explanation: `A policy stands under the service that it is for: ${SERVICES.join(', ')}. Under another name it allows nothing.`,
    mend: 'Move it under the service that has the operation.',
    check: (recipe) =>
      Object.keys(mapping(at(recipe.value, ...ACCESS_CONTROL)) ?? {})
        .filter((service) => !SERVICES.includes(service))
        .map((service) => ({ keys: [...ACCESS_CONTROL, service], problem: `there is no service ${service}` })),
  },
  {
    id: 'access-operation',
    nuclei: 'both',
    severity: 'error',
    // classic, AuthorizationHandler.validateOperations: the policy is not loaded.
    explanation:
      'An operation is `aws.greengrass#` and a name that the service of the policy serves. A policy with another one is not loaded.',
    mend: 'Correct the name, or put the policy under the service that serves it.',
    check: (recipe) =>
      policies(recipe).flatMap((policy) => {
        return list(policy.operations).flatMap((operation, index) => {
          const problem = operationProblem(String(operation), policy.service);
          return problem === undefined ? [] : [spot(policy, 'operations', `${operation} ${problem}`, index)];
        });
      }),
  },
  {
    id: 'access-too-wide',
    nuclei: 'both',
    severity: 'error',
    explanation:
      'A component that may do everything is a way to everything: to the messages of other components, to the cloud, to actuators.',
    mend: 'Name the operations, and the topics up to the level that changes: `*` in local pub/sub, `+` for IoT Core.',
    check: (recipe) =>
      policies(recipe).flatMap((policy) => [
        ...list(policy.operations).flatMap((name, index) => {
          return name === '*' ? [spot(policy, 'operations', 'every operation of the service', index)] : [];
        }),
        ...list(policy.resources).flatMap((name, index) => {
          const why = WITHOUT_RESOURCES.includes(policy.service) ? undefined : tooWide(String(name));
          return why === undefined ? [] : [spot(policy, 'resources', `${name} ${why}`, index)];
        }),
      ]),
  },
  {
    id: 'access-policy-id',
    nuclei: 'both',
    severity: 'warning',
    explanation:
      'Logs name a policy by its id, and a deployment changes it by its id: one that stands for several is a trap.',
    mend: 'Write COMPONENT:SERVICE:NUMBER.',
    check: (recipe, others) => {
      const mine = policies(recipe);
      const foreign = others.filter((other) => at(other.value, 'ComponentName') !== at(recipe.value, 'ComponentName'));
      const taken = foreign.flatMap((other) => policies(other).map(({ id }) => id));
      return mine.flatMap(({ id, keys }, index) => {
        const again = mine.findIndex((policy) => policy.id === id) < index || taken.includes(id);
        return again ? [{ keys, problem: `${id} is the id of another policy, too` }] : [];
      });
    },
  },
  {
    id: 'access-form',
    nuclei: 'both',
    severity: 'error',
    // lite, ipc_authz.c, policy_match: CONFIG for all of the service; policy_validation.c: ? and ${ in resources.
    explanation:
      'A policy has a list of operations and a list of resources, all text, without a ? in the resources, or an escape that is none. One that has not is passed over by classic, and lite refuses the deployment or the whole service.',
    mend: 'Write `operations: [...]` and `resources: [...]`.',
    check: (recipe) =>
      policies(recipe).flatMap((policy) => [
        ...(['operations', 'resources'] as const).flatMap((key) => {
          const fine = list(policy[key]).length > 0 && list(policy[key]).every((item) => typeof item === 'string');
          return fine ? [] : [spot(policy, key, `${key} must be a list of texts`)];
        }),
        ...list(policy.resources).flatMap((name, index) => {
          const wrong = /\?|\$\{/.test(String(name).replace(/\$\{[*?$]\}/g, ''));
          return wrong ? [spot(policy, 'resources', `${name} has a ? or an unfinished escape`, index)] : [];
        }),
      ]),
  },
  {
    id: 'access-variable',
    nuclei: 'both',
    severity: 'error',
    // classic, KernelConfigResolver.shouldInterpolateConfiguration, off by default; lite up to 2.6.0, ipc_authz.c: none.
    explanation:
      'Classic fills in variables here only with interpolateComponentConfiguration, and nucleus lite up to 2.6.0 never: the policy then allows nothing.',
    mend: "Write `*` (local pub/sub, shadows) or `+` (IoT Core) for the thing's name; the device's IoT policy narrows it.",
    check: (recipe) =>
      policies(recipe).flatMap((policy) =>
        list(policy.resources).flatMap((name, index) => {
          const [variable] = /(?<!\$)\{[^}]*\}/.exec(String(name)) ?? [];
          return variable === undefined ? [] : [spot(policy, 'resources', `${variable} is not filled in`, index)];
        }),
      ),
  },
  {
    id: 'access-filter',
    nuclei: 'both',
    severity: 'error',
    // classic, MqttProxyIPCAgent alone asks MQTT_STYLE; lite, ggl_ipc_default_policy_matcher.
    explanation:
      'In policies of local pub/sub, + is a plain character: it stands for itself in the filter of a subscription, and in no topic that is published to.',
    mend: 'Write `*`, or the topic itself.',
    check: (recipe) =>
      policies(recipe).flatMap((policy) => {
        if (policy.service !== SERVICES[0] || !list(policy.operations).includes(`${PREFIX}PublishToTopic`)) return [];
        return list(policy.resources).flatMap((name, index) => {
          return String(name).includes('+')
            ? [spot(policy, 'resources', `nothing is published to ${name}`, index)]
            : [];
        });
      }),
  },
  {
    id: 'access-too-large',
    nuclei: 'lite',
    severity: 'error',
    explanation: `Nucleus lite reads the policies of a service into ${MAX_LITE_BYTES} bytes; with more it refuses everything.`,
    mend: 'Merge policies with the same operations, and shorten descriptions.',
    check: (recipe) =>
      Object.entries(mapping(at(recipe.value, ...ACCESS_CONTROL)) ?? {}).flatMap(([service, value]) => {
        const bytes = sizeOf(value);
        if (bytes <= MAX_LITE_BYTES) return [];
        return [{ keys: [...ACCESS_CONTROL, service], problem: `some ${bytes} bytes, ${MAX_LITE_BYTES} at most` }];
      }),
  },
];

/** One level that changes is a matter of course; a start or an end that is open is not. */
function tooWide(resource: string): string | undefined {
  if (resource === '*') return 'is every resource';
  if (resource.includes('#')) return 'is a whole tree of topics';
  if (/^[*+]/.test(resource)) return 'begins with a wildcard';
  return resource.endsWith('*') ? 'is everything below' : undefined;
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), BYTES_A_VALUE);
  const inside = mapping(value);
  if (inside === undefined) return BYTES_A_VALUE + Buffer.byteLength(String(value));
  return Object.entries(inside).reduce((sum, [key, item]) => sum + 2 * BYTES_A_VALUE + key.length + sizeOf(item), 0);
}

function spot({ keys }: Policy, key: 'operations' | 'resources', problem: string, index?: number): Spot {
  return { keys: index === undefined ? [...keys, key] : [...keys, key, index], problem };
}
