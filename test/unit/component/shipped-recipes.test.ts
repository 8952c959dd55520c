import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import packageJson from '../../../package.json' with { type: 'json' };
import { iotCorePulseTopic } from '../../../src/adapters/greengrass/iot-core-bus.ts';
import { localPulseTopic } from '../../../src/adapters/greengrass/local-bus.ts';
import { shadowPrefix } from '../../../src/adapters/shadow/shadow-topics.ts';
import { commandFilter, defaultReplyTopic } from '../../../src/agent/commands/topics.ts';
import { readRecipe } from '../../../src/component/recipe.ts';
import { at, isModel, nameOf, policies } from '../../../src/component/recipe-view.ts';
import { fromGreengrass } from '../../../src/config/from-greengrass.ts';
import { CLOUD_PARTS_AN_ARTIFACT, liteParts, MAX_LITE_PARTS } from '../../../src/domain/nucleus-lite.ts';
import { splitRoute } from '../../../src/domain/route.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const THING = 'press-hall-7';
/** Room for the names of a bucket and of a long version, in a file that lite reads whole. */
const MAX_BYTES = 8_196 - 256;
/** Room for what the cloud puts in beside the digests: an empty Lifecycle, a field that is new. */
const MAX_PARTS = MAX_LITE_PARTS - 16;

const recipes = readdirSync(join(ROOT, 'recipes')).map((file) => {
  return readRecipe(file, readFileSync(join(ROOT, 'recipes', file), 'utf8'));
});
const [agent, ...models] = recipes.toSorted((a, b) => Number(isModel(a)) - Number(isModel(b)));
assert.ok(agent !== undefined);

const PUBSUB = 'aws.greengrass.ipc.pubsub';
const MQTT = 'aws.greengrass.ipc.mqttproxy';
const SHADOWS = 'aws.greengrass.ShadowManager';

/** As both nuclei match: * is anything, in MQTT + is one level; a filter to subscribe to is compared as it is written. */
function allowed(service: string, operation: string, resource: string): boolean {
  assert.ok(agent !== undefined);
  const mine = policies(agent).filter((policy) => {
    return policy.service === service && (policy.operations as string[]).includes(`aws.greengrass#${operation}`);
  });
  return mine
    .flatMap(({ resources }) => resources as string[])
    .some((pattern) => {
      const literal = pattern.replace(/[$.?^()[\]{}|\\+]/g, '\\$&').replaceAll('*', '.*');
      const glob = service === MQTT ? literal.replaceAll('\\+', '[^/]+') : literal;
      return new RegExp(`^${glob}$`).test(resource);
    });
}

function configuration() {
  const checked = fromGreengrass(at(agent?.value, 'ComponentConfiguration', 'DefaultConfiguration'), { thing: THING });
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked.value;
}

const fill = (topic: string) => splitRoute(topic.replaceAll('{thing}', THING));

describe('the shipped recipes', () => {
  for (const recipe of recipes) {
    it(`leave room in what lite reads: ${recipe.file}`, () => {
      assert.ok(recipe.bytes <= MAX_BYTES, `${recipe.bytes} bytes`);
      assert.equal(recipe.file, `${nameOf(recipe)}.yaml`);
      const manifests = at(recipe.value, 'Manifests') as { Artifacts: object[] }[];
      const digests = manifests.flatMap(({ Artifacts }) => Artifacts).length * CLOUD_PARTS_AN_ARTIFACT;
      const parts = liteParts(recipe.value) + digests;
      assert.ok(parts <= MAX_PARTS, `${parts} keys, values and items`);
    });
  }

  it('have the versions of what they carry', () => {
    assert.equal(at(agent.value, 'ComponentVersion'), packageJson.version);
    const packages = models.map((model) => String(at(model.value, 'Manifests', 0, 'Artifacts', 0, 'Uri')));
    assert.equal(packages.length, 2);
    for (const [index, uri] of packages.entries()) {
      const [, name, version] = /\/([a-z-]+)-(\d+\.\d+\.\d+)\.zip$/.exec(uri) ?? [];
      const manifest = JSON.parse(readFileSync(join(ROOT, 'artifacts', name ?? '', 'manifest.json'), 'utf8'));
      assert.deepEqual([manifest.version, at(models[index]?.value, 'ComponentVersion')], [version, version]);
    }
  });

  it('bring a configuration that the agent accepts, also with every number as text', () => {
    const { thing, agents } = configuration();
    assert.deepEqual([thing, agents.map(({ name }) => name)], [THING, ['bearings']]);
    const asText = JSON.parse(
      JSON.stringify(at(agent.value, 'ComponentConfiguration', 'DefaultConfiguration'), (_, value) => {
        return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
      }),
    );
    assert.deepEqual(fromGreengrass(asText, { thing: THING }), { ok: true, value: configuration() });
  });

  it('name the bus of every topic', () => {
    for (const { inputs, outputs } of configuration().agents) {
      const topics = [...inputs.map(({ topic }) => topic), outputs.resultTopic, outputs.alarmTopic];
      for (const topic of topics) assert.ok(['local', 'iotcore'].includes(String(splitRoute(topic).route)), topic);
    }
  });

  it('allow everything that the agent does with that configuration', () => {
    const shadow = shadowPrefix(THING, 'edge-agent');
    const [first] = configuration().agents;
    assert.ok(first !== undefined);
    const uses = [
      ...first.inputs.map(({ topic }) => [PUBSUB, 'SubscribeToTopic', fill(topic).topic]),
      [PUBSUB, 'PublishToTopic', fill(first.outputs.resultTopic).topic],
      [MQTT, 'PublishToIoTCore', fill(first.outputs.alarmTopic).topic],
      [PUBSUB, 'PublishToTopic', localPulseTopic(THING)],
      [PUBSUB, 'SubscribeToTopic', localPulseTopic(THING)],
      [MQTT, 'PublishToIoTCore', iotCorePulseTopic(THING)],
      [MQTT, 'SubscribeToIoTCore', commandFilter(THING)],
      [MQTT, 'PublishToIoTCore', defaultReplyTopic(THING, 'status')],
      ...['get', 'update'].map((verb) => [MQTT, 'PublishToIoTCore', `${shadow}/${verb}`]),
      ...['get/accepted', 'get/rejected', 'update/accepted', 'update/rejected', 'update/delta'].map((answer) => {
        return [MQTT, 'SubscribeToIoTCore', `${shadow}/${answer}`];
      }),
      ...['update/accepted', 'update/delta'].map((pushed) => [PUBSUB, 'SubscribeToTopic', `${shadow}/${pushed}`]),
      [SHADOWS, 'GetThingShadow', shadow],
      [SHADOWS, 'UpdateThingShadow', shadow],
    ] as [string, string, string][];
    assert.deepEqual(
      uses.filter((use) => !allowed(...use)),
      [],
    );
  });

  it('allow nothing beside it', () => {
    const neighbours: [string, string, string][] = [
      [PUBSUB, 'SubscribeToTopic', '#'],
      [PUBSUB, 'SubscribeToTopic', 'sensors/#'],
      [PUBSUB, 'PublishToTopic', 'sensors/press-7/vibration'],
      [PUBSUB, 'PublishToTopic', 'actuators/press-7/speed'],
      [MQTT, 'SubscribeToIoTCore', '#'],
      [MQTT, 'SubscribeToIoTCore', 'cmd/edge-agent/#'],
      [MQTT, 'PublishToIoTCore', commandFilter(THING).replace('+', 'model.rollout')],
      [MQTT, 'PublishToIoTCore', `dt/edge-agent/${THING}/inference`],
      [MQTT, 'PublishToIoTCore', `$aws/things/${THING}/shadow/update`],
      [MQTT, 'PublishToIoTCore', `${shadowPrefix(THING, 'edge-agent')}/delete`],
      [MQTT, 'PublishToIoTCore', shadowPrefix(THING, 'other')],
      [SHADOWS, 'DeleteThingShadow', shadowPrefix(THING, 'edge-agent')],
      [SHADOWS, 'GetThingShadow', `$aws/things/${THING}/shadow`],
      [SHADOWS, 'UpdateThingShadow', shadowPrefix(THING, 'other')],
    ];
    assert.deepEqual(
      neighbours.filter((use) => allowed(...use)),
      [],
    );
  });

  it('give models no permission and no configuration', () => {
    for (const model of models) assert.equal(at(model.value, 'ComponentConfiguration'), undefined);
  });
});
