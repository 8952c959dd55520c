import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { temporaryFolder } from '../fixtures/built-agent.ts';
import { CoreDevice, THING } from '../fixtures/core-device.ts';
import { AGENT, type LineComponents, lineComponents } from '../fixtures/line-components.ts';

type Entry = {
  readonly service: string;
  readonly allowed: string;
  readonly named: readonly [operation: string, resource: string];
};

/** What the recipe lacks, and what the log has to name. */
const ON_BOTH: readonly Entry[] = [
  entry('ipc.mqttproxy', 'cmd/edge-agent/+/+', 'SubscribeToIoTCore', `cmd/edge-agent/${THING}/+`),
  entry('ipc.pubsub', 'dt/edge-agent/*/inference', 'PublishToTopic', `dt/edge-agent/${THING}/inference`),
];

const MISSING: Readonly<Record<NucleusMode, readonly Entry[]>> = {
  classic: [
    ...ON_BOTH,
    entry(
      'ShadowManager',
      '$aws/things/*/shadow/name/edge-agent',
      'GetThingShadow',
      `$aws/things/${THING}/shadow/name/edge-agent`,
    ),
  ],
  lite: [
    ...ON_BOTH,
    entry(
      'ipc.mqttproxy',
      '$aws/things/+/shadow/name/edge-agent/get/+',
      'SubscribeToIoTCore',
      `$aws/things/${THING}/shadow/name/edge-agent/get/accepted`,
    ),
  ],
};

function entry(service: string, allowed: string, operation: string, resource: string): Entry {
  return { service: `aws.greengrass.${service}`, allowed, named: [operation, resource] };
}

for (const mode of ['classic', 'lite'] satisfies NucleusMode[]) {
  describe(`a recipe that lacks permissions (${mode})`, function () {
    this.timeout(60_000);
    let device: CoreDevice;
    afterEach(async function () {
      if (this.currentTest?.state === 'failed') await device?.tellLogs();
      await device?.stop();
    });

    it('is told by the agent, each operation with its resource, and the agent lives on', async () => {
      const components = await without(MISSING[mode], await lineComponents());
      device = await CoreDevice.start(mode, { components });
      device.sensors.load();
      await device.deployFirst();
      for (const { service, named } of MISSING[mode]) {
        const [operation, resource] = named;
        const told = `accessControl under ${service} lacks operation \\"aws.greengrass#${operation}\\", resource \\"${resource}\\"`;
        await waitFor(told, async () => (await device.log()).includes(told));
      }
      await waitFor('alarms', () => device.observer.alarms.size > 20);
      assert.equal(device.answers.length, 0, 'results are not allowed');
      device.sensors.rest();
      await device.alarms.allArrived();
    });
  });
}

async function without(entries: readonly Entry[], from: LineComponents): Promise<LineComponents> {
  const recipes = temporaryFolder('recipes');
  await cp(from.recipes, recipes, { recursive: true });
  const file = join(recipes, `${AGENT}-1.0.0.yaml`);
  const recipe = parse(await readFile(file, 'utf8'));
  const { accessControl } = recipe.ComponentConfiguration.DefaultConfiguration;
  for (const { service, allowed } of entries) {
    const policies = Object.values<{ resources: string[] }>(accessControl[service]);
    const policy = policies.find(({ resources }) => resources.includes(allowed));
    assert.ok(policy !== undefined, allowed);
    policy.resources = policy.resources.filter((resource) => resource !== allowed);
  }
  await writeFile(file, stringify(recipe));
  return { ...from, recipes };
}
