import { fail, ok, type Result } from '../domain/errors.ts';
import { isValidFilter } from '../domain/topic-filter.ts';
import type { NucleusMode } from '../sim/nucleus/services.ts';
import type { Flag } from './command.ts';
import { anyText, integer, oneOf } from './flag-values.ts';

export type SimulateNucleusFlags = {
  root: string | undefined;
  mode: NucleusMode;
  thing: string;
  broker: string | undefined;
  port: number;
  bridgeIn: readonly string[] | undefined;
  bridgeOut: readonly string[] | undefined;
};

/** As the agent's recipe is written: what `simulate sensors` publishes reaches it, and its results can be watched. */
export const BRIDGE_IN: readonly string[] = ['sensors/#'];
export const BRIDGE_OUT: readonly string[] = ['dt/edge-agent/+/inference'];

const MAX_PORT = 65_535;

export const ROOT_FLAG = {
  key: 'root',
  name: '--root <dir>',
  description: 'folder of the simulated device',
  parse: anyText,
} as const;

export const simulateNucleusFlags: readonly Flag<SimulateNucleusFlags>[] = [
  ROOT_FLAG,
  {
    key: 'mode',
    name: '--mode <nucleus>',
    description: 'classic (Java) or lite (C): each with its own rules',
    default: 'classic',
    parse: oneOf(['classic', 'lite'] as const),
  },
  {
    key: 'thing',
    name: '--thing <name>',
    description: 'thing name of the device',
    default: 'simulated-device',
    parse: thingName,
  },
  {
    key: 'broker',
    name: '--broker <url>',
    description: 'MQTT broker that stands for AWS IoT Core; without it one is started',
    parse: brokerUrl,
  },
  {
    key: 'port',
    name: '--port <n>',
    description: 'port of the broker that is started; 0 is any that is free',
    default: 0,
    parse: integer(0, MAX_PORT),
  },
  {
    key: 'bridgeIn',
    name: '--bridge-in <filter...>',
    description: `topics that go from the broker to the components; without it ${BRIDGE_IN.join(', ')}`,
    parse: filter,
  },
  {
    key: 'bridgeOut',
    name: '--bridge-out <filter...>',
    description: `topics that go from the components to the broker; without it ${BRIDGE_OUT.join(', ')}`,
    parse: filter,
  },
];

function thingName(text: string): Result<string> {
  return /^[A-Za-z0-9:_-]{1,128}$/.test(text) ? ok(text) : fail('E_USAGE', `${text} is no thing name`);
}

function brokerUrl(text: string): Result<string> {
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'mqtt:' ? ok(text) : fail('E_USAGE', `${text} is not like mqtt://127.0.0.1:1883`);
}

function filter(text: string): Result<readonly string[]> {
  return isValidFilter(text) ? ok([text]) : fail('E_USAGE', `${text} is no filter of topics`);
}
