import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { STAYS, TestNucleus } from '../../fixtures/nucleus.ts';
import { zip } from '../../fixtures/zip.ts';

describe('The simulated classic nucleus', function () {
  this.timeout(20_000);
  let device: TestNucleus;

  beforeEach(async () => {
    device = await TestNucleus.start('classic');
  });

  afterEach(() => device.close());

  it('breaks a component at the third failing startup, and rolls the deployment back', async () => {
    await device.publish('com.m', '1.1.0', { lifecycle: { install: 'echo 1.1.0 >> runs', startup: 'exit 0' } });
    await device.publish('com.m', '1.2.0', {
      lifecycle: { install: 'echo 1.2.0 >> runs', startup: 'echo try >> runs; exit 1' },
    });
    assert.equal((await device.deploy({ 'com.m': '1.1.0' }, { source: 'cloud' })).status, 'SUCCEEDED');
    const result = await device.deploy({ 'com.m': '1.2.0' }, { source: 'cloud' });
    assert.equal(result.status, 'FAILED_ROLLBACK_COMPLETE');
    assert.match(result.reason ?? '', /com\.m in broken state after deployment: startup ended with 1/);
    assert.deepEqual(result.components, [{ name: 'com.m', version: '1.1.0', state: 'RUNNING' }]);
    const runs = (await readFile(join(device.work('com.m'), 'runs'), 'utf8')).trim().split('\n');
    assert.deepEqual(runs, ['1.1.0', '1.2.0', 'try', 'try', 'try', '1.1.0']);
  });

  it('leaves what failed as it is, where no rollback is asked for', async () => {
    await device.publish('com.m', '1.0.0', { lifecycle: { install: 'exit 3' } });
    const result = await device.deploy({ 'com.m': '1.0.0' });
    assert.equal(result.status, 'FAILED_ROLLBACK_NOT_REQUESTED');
    assert.match(result.reason ?? '', /install ended with 3/);
    assert.deepEqual(result.components, [{ name: 'com.m', version: '1.0.0', state: 'BROKEN' }]);
    await device.publish('com.m', '1.0.1', { lifecycle: { install: 'true' } });
    assert.equal((await device.deploy({ 'com.m': '1.0.1' })).status, 'SUCCEEDED');
    assert.equal(device.stateOf('com.m'), 'FINISHED');
  });

  it('cannot roll back to what fails by now', async () => {
    await device.publish('com.m', '1.0.0', { lifecycle: { startup: 'test ! -e bad' } });
    await device.publish('com.m', '1.1.0', { lifecycle: { startup: 'touch bad; exit 1' } });
    await device.deploy({ 'com.m': '1.0.0' }, { source: 'cloud' });
    const result = await device.deploy({ 'com.m': '1.1.0' }, { source: 'cloud' });
    assert.equal(result.status, 'FAILED_UNABLE_TO_ROLLBACK');
  });

  it('takes a run that starts as running, whatever becomes of it', async () => {
    await device.publish('com.a', '1.0.0', {
      lifecycle: { run: 'sleep 0.3; exit 1', recover: 'echo recovered >> recovered' },
    });
    assert.equal((await device.deploy({ 'com.a': '1.0.0' })).status, 'SUCCEEDED');
    await waitFor('BROKEN', () => device.stateOf('com.a') === 'BROKEN');
    const seen = device.statesOf('com.a');
    assert.equal(seen.filter((state) => state === 'RUNNING').length, 3);
    assert.equal(seen.filter((state) => state === 'ERRORED').length, 2);
    const recovered = await readFile(join(device.work('com.a'), 'recovered'), 'utf8');
    assert.equal(recovered.split('\n').length - 1, 2);
  });

  it('ends a startup that takes longer than its Timeout', async () => {
    await device.publish('com.a', '1.0.0', { lifecycle: { startup: { Script: 'sleep 300', Timeout: 5 } } });
    const { status, reason } = await device.deploy({ 'com.a': '1.0.0' });
    assert.equal(status, 'FAILED_ROLLBACK_NOT_REQUESTED');
    assert.match(reason ?? '', /startup took too long/);
  });

  it('reads keys in any case', async () => {
    const recipe = [
      'recipeformatversion: "2020-01-25"',
      'componentname: com.k',
      'COMPONENTVERSION: 1.0.0',
      'manifests:',
      '  - platform: { OS: linux }',
      '    LIFECYCLE: { Run: "true" }',
    ];
    await writeFile(join(device.recipes, 'com.k-1.0.0.yaml'), recipe.join('\n'));
    assert.equal((await device.deploy({ 'com.k': '1.0.0' })).status, 'SUCCEEDED');
  });

  it('runs shutdown before it stops a component, and uninstall before it is gone', async () => {
    await device.publish('com.a', '1.0.0', {
      lifecycle: { run: STAYS, shutdown: 'echo shutdown >> ends', uninstall: 'echo uninstall >> ends' },
    });
    await device.deploy({ 'com.a': '1.0.0' });
    await device.deploy({}, { remove: ['com.a'] });
    assert.equal(await readFile(join(device.work('com.a'), 'ends'), 'utf8'), 'shutdown\nuninstall\n');
  });

  it('restarts a component when its dependency is lost, and does not for a soft one', async () => {
    const on = (type: string) => ({ 'com.base': { VersionRequirement: '*', DependencyType: type } });
    await device.publish('com.base', '1.0.0', { lifecycle: { run: `echo $$ > self; ${STAYS}` } });
    await device.publish('com.hard', '1.0.0', { lifecycle: { run: STAYS }, dependencies: on('HARD') });
    await device.publish('com.soft', '1.0.0', { lifecycle: { run: STAYS }, dependencies: on('SOFT') });
    await device.deploy({ 'com.hard': '1.0.0', 'com.soft': '1.0.0' });
    process.kill(Number(await readFile(join(device.work('com.base'), 'self'), 'utf8')), 'SIGKILL');
    const runs = (name: string) => device.statesOf(name).filter((state) => state === 'RUNNING').length;
    await waitFor('both again', () => runs('com.base') === 2 && runs('com.hard') === 2);
    assert.equal(runs('com.soft'), 1);
  });

  it('restarts a component only for a configuration that its scripts hold', async () => {
    await device.publish('com.a', '1.0.0', {
      lifecycle: { run: `echo {configuration:/rate}; ${STAYS}` },
      defaults: { rate: 300, other: 1 },
    });
    await device.deploy({ 'com.a': '1.0.0' });
    await waitFor('a double', async () => (await device.log('com.a')).includes('stdout. 300.0. {scriptName='));
    const merge = (values: Record<string, number>) =>
      device.deploy({}, { components: { 'com.a': { version: '1.0.0', configurationUpdate: { merge: values } } } });
    await merge({ other: 2 });
    assert.equal(device.statesOf('com.a').filter((state) => state === 'RUNNING').length, 1);
    await merge({ rate: 500 });
    await waitFor('the new one', async () => (await device.log('com.a')).includes('stdout. 500.0.'));
  });

  it('waits while a component defers the update, and asks again', async () => {
    await device.publish('com.a', '1.0.0', { lifecycle: { run: STAYS } });
    await device.publish('com.a', '1.0.1', { lifecycle: { run: STAYS } });
    await device.deploy({ 'com.a': '1.0.0' });
    const asked: string[] = [];
    const done: string[] = [];
    device.nucleus.services.onPreUpdate(async (component, deploymentId) => {
      asked.push(`${component} ${deploymentId}`);
      return asked.length < 3 ? 30 : 0;
    });
    device.nucleus.services.onPostUpdate((id) => done.push(id));
    assert.equal((await device.deploy({ 'com.a': '1.0.1' }, { deploymentId: 'update' })).status, 'SUCCEEDED');
    assert.deepEqual(asked, ['com.a update', 'com.a update', 'com.a update']);
    assert.deepEqual(done, ['update']);
    const policy = { componentUpdatePolicy: { action: 'SKIP_NOTIFY_COMPONENTS' } } as const;
    await device.deploy({ 'com.a': '1.0.0' }, policy);
    assert.equal(asked.length, 3);
  });

  it('asks a component for a changed configuration of the same version, and changes nothing when it is refused', async () => {
    await device.publish('com.a', '1.0.0', { lifecycle: { run: STAYS }, defaults: { limit: 1 } });
    await device.publish('com.a', '1.0.1', { lifecycle: { run: STAYS }, defaults: { limit: 1 } });
    await device.deploy({ 'com.a': '1.0.0' });
    const proposals: unknown[] = [];
    device.nucleus.services.configuration.onValidate('com.a', async (proposed) => {
      proposals.push(proposed);
      return 'limit: at most 5';
    });
    const merge = (version: string) =>
      device.deploy({}, { components: { 'com.a': { version, configurationUpdate: { merge: { limit: 9 } } } } });
    const refused = await merge('1.0.0');
    assert.equal(refused.status, 'FAILED_NO_STATE_CHANGE');
    assert.match(refused.reason ?? '', /name = com\.a, message = limit: at most 5/);
    assert.deepEqual(device.nucleus.services.configuration.get('com.a', []), { limit: 1 });
    // A new version is not asked for: it has not started yet.
    assert.equal((await merge('1.0.1')).status, 'SUCCEEDED');
    assert.deepEqual(proposals, [{ limit: 9 }]);
  });

  it('unpacks a ZIP of a local deployment, with the rights of the recipe', async () => {
    await device.addArtifact('com.z', '1.0.0', 'model.zip', await zip({ 'a/b.txt': 'in the zip' }));
    await device.publish('com.z', '1.0.0', {
      artifacts: [{ Uri: 's3://X/model.zip', Unarchive: 'ZIP' }],
      lifecycle: { install: 'cat {artifacts:decompressedPath}/model/a/b.txt' },
    });
    assert.equal((await device.deploy({ 'com.z': '1.0.0' })).status, 'SUCCEEDED');
    await waitFor('the text', async () => (await device.log('com.z')).includes('in the zip'));
  });

  it('refuses an artifact that is not the one of the recipe, and one that is missing', async () => {
    const recipe = (file: string, digest?: string) => ({
      artifacts: [{ Uri: `s3://X/${file}`, ...(digest === undefined ? {} : { Digest: digest, Algorithm: 'SHA-256' }) }],
      lifecycle: { install: 'true' },
    });
    await device.addArtifact('com.d', '1.0.0', 'x', 'changed');
    await device.publish('com.d', '1.0.0', recipe('x', Buffer.alloc(32).toString('base64')));
    for (const source of ['local', 'cloud'] as const) {
      const { status, reason } = await device.deploy({ 'com.d': '1.0.0' }, { source });
      assert.equal(status, 'FAILED_NO_STATE_CHANGE');
      assert.match(reason ?? '', /digest of s3:\/\/X\/x/);
    }
    assert.deepEqual(await readdir(device.nucleus.layout.artifacts('com.d', '1.0.0')), []);
    await device.publish('com.d', '1.0.1', recipe('y'));
    assert.match(
      (await device.deploy({ 'com.d': '1.0.1' })).reason ?? '',
      /s3:\/\/X\/y of com\.d is not on this device/,
    );
  });

  it('makes new tokens at each start, and keeps them over a restart of the component', async () => {
    await device.publish('com.a', '1.0.0', { lifecycle: { run: `echo $SVCUID >> tokens; ${STAYS}` } });
    await device.deploy({ 'com.a': '1.0.0' });
    const tokens = async () => (await readFile(join(device.work('com.a'), 'tokens'), 'utf8')).trim().split('\n');
    assert.ok(device.nucleus.services.restart('com.a'));
    await waitFor('a second run', async () => (await tokens()).length === 2);
    await device.nucleus.restartIpc();
    assert.equal(device.nucleus.services.authenticate((await tokens())[1] ?? ''), 'com.a');
    await device.nucleus.stop();
    await device.boot();
    await waitFor('a third run', async () => (await tokens()).length === 3);
    const [first, second, third] = await tokens();
    assert.equal(first, second);
    assert.notEqual(third, second);
    assert.equal(device.nucleus.services.authenticate(first ?? ''), undefined);
  });
});
