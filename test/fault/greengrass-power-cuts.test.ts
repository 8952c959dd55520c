import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RolloutState } from '../../src/domain/rollout.ts';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { CoreDevice } from '../fixtures/core-device.ts';
import { AGENT, lineComponents, MODEL } from '../fixtures/line-components.ts';

/** Of a model: where its deployment is when the power fails. */
const MODEL_CUTS: readonly { readonly version: string; readonly when: string; readonly at: Moment }[] = [
  { version: '1.1.0', when: 'while it is fetched and installed', at: fetched },
  { version: '1.2.0', when: 'while it is tried, before any verdict', at: inState('canary') },
  { version: '1.3.0', when: 'between its swap and its commit', at: inState('watching') },
  { version: '1.4.0', when: 'right after its commit', at: committed },
];

/** Of the agent. */
const AGENT_CUTS: readonly { readonly version: string; readonly when: string; readonly at: Moment }[] = [
  { version: '1.0.1', when: 'while its archive is unpacked', at: unpacked },
  { version: '1.0.2', when: 'when its new version has just been started', at: started },
];

/** By default each nucleus is cut off at every other moment, and the other one at those between; 1: at all of them. */
const EVERY = Number(process.env['OPENCLAW_CUT_EVERY'] ?? 2);

type Moment = (device: CoreDevice, version: string) => Promise<void>;

for (const [offset, mode] of (['classic', 'lite'] satisfies NucleusMode[]).entries()) {
  const isDue = (_cut: unknown, index: number) => EVERY === 1 || index % 2 === offset;
  describe(`the power fails in the middle of a deployment (${mode})`, function () {
    this.timeout(120_000);
    let device: CoreDevice;
    let model = '1.0.0';

    before(async () => {
      await lineComponents();
      device = await CoreDevice.working(mode);
    });
    afterEach(async function () {
      if (this.currentTest?.state === 'failed') await device?.tellLogs();
    });
    after(() => device?.stop());

    for (const { version, when, at } of MODEL_CUTS.filter(isDue)) {
      it(`of a model, ${when}: in the end it serves, alone, and no alarm is missing`, async () => {
        device.cloud.begin({ model: version }, `model ${version}`);
        await at(device, version);
        await endsWell(`model ${version}`, version);
        model = version;
      });
    }

    for (const { version, when, at } of AGENT_CUTS.filter(isDue)) {
      it(`of the agent, ${when}: in the end it runs, with the model it had, and no alarm is missing`, async () => {
        device.cloud.begin({ agent: version }, `agent ${version}`);
        await at(device, version);
        await endsWell(`agent ${version}`, model);
        const launcher = await readFile(join(device.work, 'bin/openclaw-edge'), 'utf8');
        assert.match(launcher, new RegExp(`/app/${version}/`));
        const apps = await readdir(join(device.work, 'app'));
        assert.ok(apps.includes(version) && apps.length === 2, apps.join());
      });
    }

    async function endsWell(deployment: string, version: string): Promise<void> {
      await device.powerCut();
      await device.boot();
      assert.equal(await device.cloud.ended(deployment), 'SUCCEEDED');
      await device.answering(version);
      const slot = await device.slot();
      assert.deepEqual([slot?.active?.version, slot?.candidate, slot?.quarantine], [version, undefined, []]);
      const before = device.answers.length;
      const again = await device.launcher('model', 'activate', '--wait', '--output', 'json', device.archive(version));
      assert.partialDeepStrictEqual(JSON.parse(again.stdout), { ok: true, outcome: 'committed', active: version });
      assert.deepEqual(
        [...new Set(device.answers.slice(before).map((answer) => answer.model))].slice(1),
        [],
        'one alone',
      );
      assert.deepEqual(await device.leftovers(), []);
      device.sensors.rest();
      await device.alarms.allArrived();
      device.sensors.load();
    }
  });
}

async function fetched(device: CoreDevice, version: string): Promise<void> {
  const folder = join(device.folder, 'greengrass/packages/artifacts', MODEL);
  await waitFor(`${version} there`, async () => (await readdir(folder)).includes(version));
}

function inState(state: RolloutState): Moment {
  return (device, version) => device.rollout(state, version);
}

async function committed(device: CoreDevice, version: string): Promise<void> {
  await inState('watching')(device, version);
  await waitFor('the commit', async () => (await device.slot())?.state !== 'watching');
  assert.equal((await device.slot())?.active?.version, version);
}

/** Some of its files are there, and it is not whole yet. */
async function unpacked(device: CoreDevice, version: string): Promise<void> {
  const files = () => readdir(join(device.work, 'app', `.${version}.tmp`)).catch(() => []);
  await waitFor('a part of the archive', async () => (await files()).length > 1);
}

async function started(device: CoreDevice, version: string): Promise<void> {
  const begun = () =>
    device.events.some(
      (event) =>
        event.event === 'component' &&
        event.component === AGENT &&
        event.version === version &&
        event.state === 'RUNNING',
    );
  await waitFor(`${version} started`, begun, 20_000);
}
