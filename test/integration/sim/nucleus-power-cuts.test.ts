import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { SavedState } from '../../../src/sim/nucleus/saved-state.ts';
import { seeded } from '../../../src/sim/random.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { STAYS, TestNucleus } from '../../fixtures/nucleus.ts';

const CUTS = Number(process.env['NUCLEUS_CUTS'] ?? 6);
/** A deployment takes less than that in the tests' seconds, cuts included. */
const LONGEST_MS = 600;

for (const mode of ['classic', 'lite'] as const) {
  describe(`Power cuts at any moment of a deployment on the simulated ${mode} nucleus`, function () {
    this.timeout(20_000 + CUTS * 5_000);

    it(`end with what was deployed, ${CUTS} times`, async () => {
      const random = seeded(7);
      const device = await TestNucleus.start(mode);
      try {
        for (const version of ['1.0.0', '1.1.0']) {
          await device.addArtifact('com.a', version, 'file', version);
          const artifacts = [{ Uri: 's3://X/file' }];
          await device.publish('com.a', version, {
            artifacts,
            // As ours: run finds what install of this very version has made, or fails. Lite may run the one without
            // the other after a power cut.
            lifecycle: {
              install: `cp {artifacts:path}/file new && mv new installed-${version}`,
              run: `cat installed-${version} || exit 1; ${STAYS}`,
            },
            defaults: { version },
          });
        }
        for (let cut = 0; cut < CUTS; cut++) {
          const version = cut % 2 === 0 ? '1.1.0' : '1.0.0';
          const deploymentId = `cut-${cut}`;
          device.deploy({ 'com.a': version }, { source: 'cloud', deploymentId }).catch(() => {});
          await wait(random.uniform() * LONGEST_MS);
          await device.powerCut();
          await device.boot();
          const status = () => device.nucleus.services.deploymentStatus(deploymentId);
          // The power was gone before the deployment had arrived.
          if (status() === undefined) continue;
          await waitFor('the end', () => status() === 'SUCCEEDED');
          await waitFor('it runs', () => device.stateOf('com.a') === 'RUNNING');
          assert.equal(device.nucleus.components()[0]?.version, version);
          const installed = join(device.work('com.a'), `installed-${version}`);
          assert.equal(await readFile(installed, 'utf8'), version);
          await rm(installed);
          assert.equal(device.nucleus.services.configuration.get('com.a', ['version']), version);
        }
      } finally {
        await device.close();
      }
    });

    it(`at the moment when the new version is written down: it is not taken for broken, and stays, ${CUTS} times`, async () => {
      const device = await TestNucleus.start(mode);
      const next = (cut: number) => ({ 'com.a': `1.0.${cut}`, 'com.b': '1.0.0' });
      const deploy = (cut: number) => device.deploy(next(cut), { source: 'cloud', deploymentId: `cut-${cut}` });
      try {
        await device.publish('com.b', '1.0.0', { lifecycle: { run: STAYS } });
        for (let cut = 0; cut <= CUTS; cut++) {
          await device.publish('com.a', `1.0.${cut}`, { lifecycle: { install: 'true', run: STAYS } });
        }
        assert.equal((await deploy(0)).status, 'SUCCEEDED');
        for (let cut = 1; cut <= CUTS; cut++) {
          deploy(cut).catch(() => {});
          const { state } = device.nucleus.layout;
          const isWritten = () => versionIn(readFileSync(state, 'utf8'), 'com.a') === `1.0.${cut}`;
          while (!isWritten()) await nextTurn();
          await device.powerCut();
          await device.boot();
          const status = () => device.nucleus.services.deploymentStatus(`cut-${cut}`);
          await waitFor('the end', () => status() === 'SUCCEEDED');
          assert.equal(device.stateOf('com.a'), 'RUNNING');
        }
      } finally {
        await device.close();
      }
    });
  });
}

function versionIn(state: string, component: string): string | undefined {
  return (JSON.parse(state) as SavedState).components[component]?.version;
}
