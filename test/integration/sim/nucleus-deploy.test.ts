import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { isAlive } from '../../fixtures/is-alive.ts';
import { STAYS, TestNucleus } from '../../fixtures/nucleus.ts';

const MODES: readonly NucleusMode[] = ['classic', 'lite'];

for (const mode of MODES) {
  describe(`Deployments on the simulated ${mode} nucleus`, function () {
    this.timeout(20_000);
    let device: TestNucleus;

    beforeEach(async () => {
      device = await TestNucleus.start(mode);
    });

    afterEach(() => device.close());

    it('installs and runs a component, with its variables and environment', async () => {
      await device.addArtifact('com.a', '1.0.0', 'data.txt', 'the data\n');
      await device.publish('com.a', '1.0.0', {
        artifacts: [{ Uri: 's3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/data.txt' }],
        lifecycle: {
          Setenv: { PLACE: '{kernel:rootPath}' },
          install: 'cp {artifacts:path}/data.txt {work:path}/installed',
          run: `echo "$AWS_IOT_THING_NAME {iot:thingName} $PLACE"; env > env.txt; ${STAYS}`,
        },
      });
      const { status, components } = await device.deploy({ 'com.a': '1.0.0' });
      assert.equal(status, 'SUCCEEDED');
      assert.deepEqual(components, [{ name: 'com.a', version: '1.0.0', state: 'RUNNING' }]);
      assert.equal(await readFile(join(device.work('com.a'), 'installed'), 'utf8'), 'the data\n');
      await waitFor('the log', async () => (await device.log('com.a')).includes(`press-7 press-7 ${device.root}`));
      await waitFor('env', async () =>
        (await readFile(join(device.work('com.a'), 'env.txt'), 'utf8')).includes('GGC_'),
      );
      const environment = await readFile(join(device.work('com.a'), 'env.txt'), 'utf8');
      const token = /^SVCUID=(.{16})$/m.exec(environment)?.[1] ?? '';
      assert.equal(device.nucleus.services.authenticate(token), 'com.a');
      assert.match(environment, /^AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT=.*\/(gg-)?ipc\.socket$/m);
    });

    it('resolves soft and hard dependencies by their version requirements', async () => {
      const run = { lifecycle: { run: STAYS } };
      await device.publish('com.base', '1.0.0', run);
      await device.publish('com.base', '1.2.0', run);
      await device.publish('com.base', '2.0.0', run);
      await device.publish('com.top', '1.0.0', {
        ...run,
        dependencies: { 'com.base': { VersionRequirement: '>=1.0.0 <2.0.0', DependencyType: 'HARD' } },
      });
      const { status, components } = await device.deploy({ 'com.top': '1.0.0' });
      assert.equal(status, 'SUCCEEDED');
      assert.equal(components.find(({ name }) => name === 'com.base')?.version, '1.2.0');
      const order = device.events.flatMap((event) =>
        event.event === 'component' && event.state === 'RUNNING' ? [event.component] : [],
      );
      assert.deepEqual(order, ['com.base', 'com.top']);
    });

    it('refuses what no version meets, and says so', async () => {
      await device.publish('com.top', '1.0.0', {
        lifecycle: { run: STAYS },
        dependencies: { 'com.base': { VersionRequirement: '>=3.0.0', DependencyType: 'SOFT' } },
      });
      const { status, reason } = await device.deploy({ 'com.top': '1.0.0' });
      assert.equal(status, mode === 'lite' ? 'FAILED' : 'FAILED_NO_STATE_CHANGE');
      assert.match(reason ?? '', /no version of com\.base meets >=3\.0\.0 \(com\.top\)/);
    });

    it('keeps what a deployment has set over an upgrade with other defaults, and resets it when told to', async () => {
      const lifecycle = { run: STAYS };
      await device.publish('com.a', '1.0.0', { lifecycle, defaults: { limit: 1, mode: 'slow' } });
      await device.publish('com.a', '1.1.0', { lifecycle, defaults: { limit: 2, mode: 'fast', more: true } });
      const text = mode === 'lite';
      const configuration = () => device.nucleus.services.configuration.get('com.a', []);
      await device.deploy(
        {},
        { components: { 'com.a': { version: '1.0.0', configurationUpdate: { merge: { limit: 9 } } } } },
      );
      assert.deepEqual(configuration(), { limit: 9, mode: 'slow' });
      await device.deploy({ 'com.a': '1.1.0' });
      // To lite, whatever stands in YAML is text.
      assert.deepEqual(configuration(), { limit: 9, mode: 'fast', more: text ? 'true' : true });
      await device.deploy(
        {},
        { components: { 'com.a': { version: '1.1.0', configurationUpdate: { reset: ['/limit'] } } } },
      );
      assert.deepEqual(configuration(), { limit: text ? '2' : 2, mode: 'fast', more: text ? 'true' : true });
    });

    it('removes what a deployment of the cloud no longer names, and keeps it in a local one', async () => {
      const run = { lifecycle: { run: STAYS } };
      await device.publish('com.a', '1.0.0', run);
      await device.publish('com.b', '1.0.0', run);
      await device.deploy({ 'com.a': '1.0.0', 'com.b': '1.0.0' }, { source: 'cloud' });
      const names = (result: { readonly components: readonly { readonly name: string }[] }) =>
        result.components.map(({ name }) => name).sort();
      assert.deepEqual(names(await device.deploy({ 'com.b': '1.0.0' }, { source: 'cloud' })), ['com.b']);
      assert.deepEqual(names(await device.deploy({ 'com.a': '1.0.0' })), ['com.a', 'com.b']);
      assert.deepEqual(names(await device.deploy({}, { remove: ['com.a'] })), ['com.b']);
    });

    it('ends every process of a component that is removed', async () => {
      await device.publish('com.a', '1.0.0', {
        lifecycle: { run: 'sleep 300 & echo $! > child; echo $$ > self; wait' },
      });
      await device.deploy({ 'com.a': '1.0.0' });
      const pids = await Promise.all(
        ['child', 'self'].map(async (file) => Number(await readFile(join(device.work('com.a'), file), 'utf8'))),
      );
      await device.deploy({}, { remove: ['com.a'] });
      assert.deepEqual(await Promise.all(pids.map(isAlive)), [false, false]);
    });

    const ends: Record<string, () => Promise<void>> = {
      'a power cut': () => device.powerCut(),
      'a stop in good order': () => device.nucleus.stop(),
    };
    for (const [end, happens] of Object.entries(ends)) {
      it(`survives ${end} in the middle of a deployment: the cloud sends it again, and what waited behind it`, async () => {
        await device.publish('com.a', '1.0.0', { lifecycle: { install: 'true', run: STAYS } });
        await device.publish('com.b', '1.0.0', { lifecycle: { run: STAYS } });
        await device.publish('com.a', '1.1.0', {
          lifecycle: {
            install: 'test -f again || { touch again; sleep 300; }'.replaceAll('{', '(').replaceAll('}', ')'),
            run: STAYS,
          },
        });
        assert.equal((await device.deploy({ 'com.a': '1.0.0' }, { source: 'cloud' })).status, 'SUCCEEDED');
        const cut = device.deploy({ 'com.a': '1.1.0' }, { source: 'cloud', deploymentId: 'second' });
        cut.catch(() => {});
        await waitFor('install', async () => (await readdir(device.work('com.a'))).includes('again'));
        const third = { 'com.a': '1.1.0', 'com.b': '1.0.0' };
        const waited = device.deploy(third, { source: 'cloud', deploymentId: 'third' });
        waited.catch(() => {});
        const state = () => readFile(device.nucleus.layout.state, 'utf8');
        await waitFor('the state', async () => (await state()).includes('third'));
        await happens();
        await assert.rejects(cut, /stopped/);
        await assert.rejects(waited, /stopped/);
        await device.boot();
        await waitFor('the end', () => device.nucleus.services.deploymentStatus('third') === 'SUCCEEDED');
        assert.equal(device.nucleus.services.deploymentStatus('second'), 'SUCCEEDED');
        assert.deepEqual(device.nucleus.components(), [
          { name: 'com.a', version: '1.1.0', state: 'RUNNING' },
          { name: 'com.b', version: '1.0.0', state: 'RUNNING' },
        ]);
      });
    }

    it('starts its components again after a power cut, and forgets a local deployment', async () => {
      await device.publish('com.a', '1.0.0', { lifecycle: { run: `echo $$ > self; ${STAYS}` } });
      await device.deploy({ 'com.a': '1.0.0' });
      const self = () => readFile(join(device.work('com.a'), 'self'), 'utf8');
      await waitFor('the process', async () => (await self()) !== '');
      const before = await self();
      await device.powerCut();
      assert.equal(await isAlive(Number(before)), false);
      await device.boot();
      await waitFor('it runs', () => device.stateOf('com.a') === 'RUNNING');
      await waitFor('a new process', async () => !['', before].includes(await self()));
    });

    it('deletes old versions as this nucleus does', async () => {
      for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
        await device.addArtifact('com.a', version, 'x', version);
        await device.publish('com.a', version, { lifecycle: { run: STAYS } });
        await device.deploy({ 'com.a': version }, { source: 'cloud' });
      }
      const kept = (await readdir(join(device.root, 'packages', 'recipes'))).sort();
      const [old, now] = ['com.a-1.1.0.yaml', 'com.a-1.2.0.yaml'];
      assert.deepEqual(kept, mode === 'lite' ? [now] : [old, now]);
    });
  });
}
