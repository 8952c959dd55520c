import assert from 'node:assert/strict';
import { fromGreengrass } from '../../../src/config/from-greengrass.ts';
import { type FieldRow, fieldRows } from '../../../src/config/json-schema.ts';
import { checkConfig } from '../../../src/config/load.ts';
import { asText, everyField, type Tree } from './greengrass-configs.ts';

const ALONE = { thing: undefined };
const AGENT = { name: 'a' };

function agent(rest: Tree): Tree {
  return { agents: [{ ...AGENT, ...rest }] };
}

function alarm(rest: Tree): Tree {
  return agent({ decisions: { alarms: [{ name: 'r', raise: 0.8, ...rest }] } });
}

describe('a configuration from a nucleus', () => {
  it('is taken as a file is, beside its accessControl', () => {
    const accessControl = { 'aws.greengrass.ipc.pubsub': { p: { operations: ['*'], resources: ['*'] } } };
    assert.deepEqual(fromGreengrass({ ...agent({}), accessControl }, ALONE), checkConfig(agent({})));
  });

  it('is left as it was', () => {
    const delivered = alarm({ k: '2' });
    const before = structuredClone(delivered);
    fromGreengrass(delivered, ALONE);
    assert.deepEqual(delivered, before);
  });

  it('says what is wrong when it is no mapping', () => {
    for (const delivered of [undefined, null, [], 'agents', 7]) {
      const checked = fromGreengrass(delivered, ALONE);
      assert.equal(!checked.ok && checked.error.code, 'E_CONFIG_INVALID');
    }
  });

  it('takes the thing name of the environment, unless it names one', () => {
    assert.equal(thingOf(fromGreengrass(agent({}), { thing: 'press-1' })), 'press-1');
    assert.equal(thingOf(fromGreengrass({ ...agent({}), thing: 'own' }, { thing: 'press-1' })), 'own');
    assert.equal(thingOf(fromGreengrass(agent({}), ALONE)), thingOf(checkConfig(agent({}))));
  });

  it('tells all problems at once, of texts and of everything else', () => {
    const checked = fromGreengrass(
      { ...alarm({ raise: 'high', clear: '0,5', k: '2.5', n: '5.0', cooldown: '5' }), colour: 'red' },
      ALONE,
    );
    assert.ok(!checked.ok);
    assert.deepEqual(checked.problems.map(({ path, problem }) => `${path}: ${problem}`).sort(), [
      'agents[0].decisions.alarms[0].clear: must be a number, is text',
      'agents[0].decisions.alarms[0].cooldown: must be a duration with its unit, such as 500ms, 5s, 2m, 1h or 7d',
      'agents[0].decisions.alarms[0].k: must be a whole number, is 2.5',
      'agents[0].decisions.alarms[0].raise: must be a number, is text',
      'colour: is not a known key',
    ]);
  });
});

const SAME: readonly (readonly [string, Tree, Tree])[] = [
  ['a whole number', alarm({ k: '2' }), alarm({ k: 2 })],
  ['a whole number as Java interpolates it', alarm({ k: '3.0' }), alarm({ k: 3 })],
  ['a double that is whole', alarm({ k: 3.0 }), alarm({ k: 3 })],
  ['a large one as Java interpolates it', { ...agent({}), outbox: { maxRows: '1.0E6' } }, withRows(1e6)],
  ['a decimal', alarm({ raise: '0.75' }), alarm({ raise: 0.75 })],
  ['a decimal without its zero, as YAML may have it', alarm({ raise: '.75' }), alarm({ raise: 0.75 })],
  ['a negative one', alarm({ raise: '-2', clear: '-2.5' }), alarm({ raise: -2, clear: -2.5 })],
  ['one with a plus', alarm({ raise: '+2' }), alarm({ raise: 2 })],
  ['true', agent({ isolated: 'true' }), agent({ isolated: true })],
  ['False', { ...agent({}), shadow: { enabled: 'False' } }, { ...agent({}), shadow: { enabled: false } }],
  [
    'a size that is bytes alone',
    agent({ resources: { memory: '512000000' } }),
    agent({ resources: { memory: 512e6 } }),
  ],
  [
    'a size as Java interpolates it',
    agent({ resources: { memory: '5.12E8' } }),
    agent({ resources: { memory: 512e6 } }),
  ],
  ['a size with its unit', agent({ resources: { memory: '512MB' } }), agent({ resources: { memory: 512e6 } })],
  ['the duration 0', agent({ batch: { wait: '0' } }), agent({ batch: { wait: 0 } })],
  ['a duration with its unit', agent({ batch: { wait: '5ms' } }), agent({ batch: { wait: '5ms' } })],
  ['one of two numbers', input({ qos: '1' }), input({ qos: 1 })],
  ['one of two numbers, as a double', input({ qos: '1.0' }), input({ qos: 1 })],
  ['a GPU that is counted', agent({ resources: { gpu: '1' } }), agent({ resources: { gpu: 1 } })],
  ['a GPU that is wished', agent({ resources: { gpu: 'true' } }), agent({ resources: { gpu: true } })],
  ['the level of a topic', input({ key: { topicLevel: '0' } }), input({ key: { topicLevel: 0 } })],
  ['version 5 as text', bus({ version: '5' }), bus({ version: 5 })],
  ['version 5 as a double in text', bus({ version: '5.0' }), bus({ version: 5 })],
  ['version 3.1.1', bus({ version: '3.1.1' }), bus({ version: '3.1.1' })],
  ['a TLS version', tls({ minVersion: '1.2' }), tls({ minVersion: 1.2 })],
];

describe('text from a nucleus means what the same value in a file means', () => {
  for (const [what, delivered, written] of SAME) {
    it(what, () => {
      const checked = checkConfig(written);
      assert.ok(checked.ok, JSON.stringify(checked));
      assert.deepEqual(fromGreengrass(delivered, ALONE), checked);
    });
  }
});

const STAYS: readonly (readonly [string, Tree, (config: ReturnType<typeof taken>) => unknown, unknown])[] = [
  ['a thing of digits', { ...agent({}), thing: '123' }, ({ thing }) => thing, '123'],
  ['an agent of digits', { agents: [{ name: '007' }] }, ({ agents }) => agents[0]?.name, '007'],
  ['a client id that reads as a double', bus({ clientId: '1e5' }), (config) => config.bus.clientId, '1e5'],
  ['a folder named true', { ...agent({}), state: 'true' }, ({ stateDir }) => stateDir, 'true'],
  [
    'an action that is a number',
    alarm({ action: { topic: 'a', payload: '300.0' } }),
    ({ agents }) => agents[0]?.decisions.alarms[0]?.action?.payload,
    '300.0',
  ],
];

describe('a text field keeps a text that looks like something else', () => {
  for (const [what, delivered, read, expected] of STAYS) {
    it(what, () => assert.equal(read(taken(delivered)), expected));
  }
});

const REFUSED: readonly (readonly [string, Tree, RegExp])[] = [
  ['a fraction where a whole number is meant', alarm({ k: '300.5' }), /\.k must be a whole number, is 300\.5/],
  ['a whole number beyond its bounds', alarm({ k: '300.0' }), /\.k must be at most 32/],
  ['nothing', alarm({ k: '' }), /\.k must be a number, is text/],
  ['a blank', alarm({ k: ' ' }), /\.k must be a number, is text/],
  ['a number with its unit', alarm({ k: '5x' }), /\.k must be a number, is text/],
  ['a hexadecimal one', alarm({ k: '0x10' }), /\.k must be a number, is text/],
  ['infinity', alarm({ raise: '1e999' }), /\.raise must be a number, is Infinity/],
  ['NaN', alarm({ raise: 'NaN' }), /\.raise must be a number, is text/],
  ['yes', agent({ isolated: 'yes' }), /isolated must be true or false, is text/],
  ['1 for true', agent({ isolated: '1' }), /isolated must be true or false, is text/],
  ['a word that every object knows', agent({ isolated: 'constructor' }), /isolated must be true or false, is text/],
  ['a quality of service that is none', input({ qos: '2' }), /qos must be one of 0, 1/],
  ['a bare duration', agent({ batch: { wait: '5.0' } }), /wait must be a duration with its unit/],
  ['a negative size', agent({ resources: { memory: '-5' } }), /memory must be a size/],
  ['a number where text is meant', { ...agent({}), thing: 123 }, /thing must be text, is 123/],
];

describe('what a nucleus delivers is refused as it would be in a file', () => {
  for (const [what, delivered, message] of REFUSED) {
    it(what, () => {
      const checked = fromGreengrass(delivered, ALONE);
      assert.match(checked.ok ? 'accepted' : checked.error.message, message);
    });
  }
});

describe('a configuration of which everything came as text', () => {
  it('is tried with every number and every truth value that the form has', () => {
    const config = everyField(1);
    const missing = fieldRows()
      .filter((row) => isUntexted(row) && !NOT_TOGETHER.includes(row.path))
      .filter(({ path }) => at(config, path.split('.')).length === 0);
    assert.deepEqual(
      missing.map(({ path }) => path),
      [],
    );
  });

  for (let seed = 1; seed <= 100; seed++) {
    it(`is the same configuration (${seed})`, () => {
      const written = everyField(seed);
      const checked = checkConfig(written);
      assert.ok(checked.ok, JSON.stringify(checked));
      assert.deepEqual(fromGreengrass(asText(written, seed), ALONE), checked);
    });
  }
});

/** Either a broker of our own or another one. */
const NOT_TOGETHER = ['bus.embedded.port'];

function isUntexted({ schema }: FieldRow): boolean {
  return [schema, ...(schema.anyOf ?? [])].some(({ type, enum: values }) => {
    return (
      ['number', 'integer', 'boolean'].includes(String(type)) || values?.some((value) => typeof value === 'number')
    );
  });
}

/** Everything at `agents[].inputs[].qos`. */
function at(node: unknown, [step, ...rest]: readonly string[]): unknown[] {
  if (step === undefined) return node === undefined ? [] : [node];
  if (typeof node !== 'object' || node === null) return [];
  const inner = (node as Tree)[step.replace('[]', '')];
  return step.endsWith('[]') ? (Array.isArray(inner) ? inner : []).flatMap((item) => at(item, rest)) : at(inner, rest);
}

function taken(delivered: Tree) {
  const checked = fromGreengrass(delivered, ALONE);
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked.value;
}

function thingOf(checked: ReturnType<typeof checkConfig>): string | undefined {
  return checked.ok ? checked.value.thing : undefined;
}

function withRows(maxRows: number): Tree {
  return { ...agent({}), outbox: { maxRows } };
}

function input(rest: Tree): Tree {
  return agent({ inputs: [{ topic: 'a/b', ...rest }] });
}

function bus(rest: Tree): Tree {
  return { ...agent({}), bus: { url: 'mqtt://broker:1883', ...rest } };
}

function tls(rest: Tree): Tree {
  return { ...agent({}), bus: { url: 'mqtts://broker:8883', tls: { ca: 'system', ...rest } } };
}
