import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { STAYS, TestNucleus } from '../../fixtures/nucleus.ts';
import { zip } from '../../fixtures/zip.ts';

/** What a startup has to end with where systemd is as old as Debian 12's. */
const READY = 'if true; then systemd-notify --ready; exit 0; fi; exit 1';

describe('The simulated nucleus lite', function () {
  this.timeout(20_000);
  let device: TestNucleus;

  beforeEach(async () => {
    device = await TestNucleus.start('lite');
  });

  /** For what depends on how long a second is beside a real process, or on 300 of them. */
  async function withSeconds(secondMs: number): Promise<void> {
    await device.close();
    device = await TestNucleus.start('lite', { secondMs });
  }

  afterEach(() => device.close());

  it('takes a startup that says it is ready and ends as running', async () => {
    await device.publish('com.m', '1.0.0', { lifecycle: { startup: READY } });
    assert.equal((await device.deploy({ 'com.m': '1.0.0' })).status, 'SUCCEEDED');
    assert.equal(device.stateOf('com.m'), 'RUNNING');
  });

  it('fails a startup that does not end by itself, as the wrapper does on Debian 12', async () => {
    // So that three starts fit into the 5 s before lite looks.
    await withSeconds(150);
    await device.publish('com.m', '1.0.0', { lifecycle: { startup: 'echo done' } });
    const { status, reason } = await device.deploy({ 'com.m': '1.0.0' });
    assert.equal(status, 'FAILED');
    assert.match(reason ?? '', /com\.m is BROKEN/);
  });

  it('fails a deployment over a value of 1,025 bytes, and keeps what was stored before it', async () => {
    await device.publish('com.m', '1.0.0', { lifecycle: { run: STAYS }, defaults: { a: 0, agents: [] } });
    const deploy = (length: number) => {
      const merge = { a: length, agents: ['x'.repeat(length - 4)], z: length };
      return device.deploy(
        { 'com.m': '1.0.0' },
        { components: { 'com.m': { version: '1.0.0', configurationUpdate: { merge } } } },
      );
    };
    const kept = (key: string) => device.nucleus.services.configuration.get('com.m', [key]);
    assert.equal((await deploy(1_024)).status, 'SUCCEEDED');
    const { status, reason } = await deploy(1_025);
    assert.equal(status, 'FAILED');
    assert.match(reason ?? '', /agents in the configuration of com\.m has 1025 bytes as JSON, 1024 at most/);
    assert.deepEqual([kept('a'), kept('z')], [1_025, 1_024]);
  });

  it('fails a deployment whose default configuration has a hundred keys', async () => {
    const defaults = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`k${at}`, at]));
    await device.publish('com.m', '1.0.0', { lifecycle: { run: STAYS }, defaults });
    const { status, reason } = await device.deploy({ 'com.m': '1.0.0' });
    assert.deepEqual([status, /takes 2121 bytes, 2104 at most/.test(reason ?? '')], ['FAILED', true]);
  });

  it('fails a startup that ends well without a word', async () => {
    await device.publish('com.m', '1.0.0', { lifecycle: { startup: 'exit 0' } });
    assert.equal((await device.deploy({ 'com.m': '1.0.0' })).status, 'FAILED');
  });

  it('tries a failing startup three times, leaves the failed version there, and goes back only when told to', async () => {
    await device.publish('com.m', '1.1.0', { lifecycle: { install: 'true', startup: READY } });
    await device.publish('com.m', '1.2.0', { lifecycle: { install: 'true', startup: 'echo try >> tries; exit 1' } });
    assert.equal((await device.deploy({ 'com.m': '1.1.0' })).status, 'SUCCEEDED');
    const failed = await device.deploy({ 'com.m': '1.2.0' }, { failureHandlingPolicy: 'ROLLBACK' });
    assert.equal(failed.status, 'FAILED');
    assert.deepEqual(failed.components, [{ name: 'com.m', version: '1.2.0', state: 'BROKEN' }]);
    assert.equal(await readFile(join(device.work('com.m'), 'tries'), 'utf8'), 'try\ntry\ntry\n');
    const back = await device.deploy({ 'com.m': '1.1.0' });
    assert.equal(back.status, 'SUCCEEDED');
    assert.deepEqual(back.components, [{ name: 'com.m', version: '1.1.0', state: 'RUNNING' }]);
  });

  it('never finishes a component that is only installed', async () => {
    await withSeconds(4);
    await device.publish('com.i', '1.0.0', { lifecycle: { install: 'true' } });
    const { status, reason } = await device.deploy({ 'com.i': '1.0.0' });
    assert.equal(status, 'FAILED');
    assert.match(reason ?? '', /com\.i was INSTALLED for 300 s/);
  });

  it('skips manifests without a runtime, and says so', async () => {
    await device.publish('com.r', '1.0.0', { lifecycle: { run: STAYS }, platform: { os: 'linux' } });
    const { status, reason } = await device.deploy({ 'com.r': '1.0.0' });
    assert.equal(status, 'FAILED');
    assert.match(reason ?? '', /Platform\.runtime is missing/);
  });

  it('finds no stage under a key in another case', async () => {
    await device.publish('com.r', '1.0.0', { lifecycle: { Run: STAYS } });
    assert.match((await device.deploy({ 'com.r': '1.0.0' })).reason ?? '', /no stage that lite runs/);
  });

  it('runs a script as far as the first brace that it does not know', async () => {
    await device.publish('com.v', '1.0.0', { lifecycle: { run: 'echo before\necho {HOME}\necho after' } });
    await device.deploy({ 'com.v': '1.0.0' });
    await waitFor('the log', async () => (await device.log('com.v')).includes('before'));
    assert.doesNotMatch(await device.log('com.v'), /after/);
    const warned = device.events.some(
      (event) => event.event === 'component' && /does not know {HOME/.test(event.reason ?? ''),
    );
    assert.ok(warned);
  });

  it('starts a run again after a failure, and gives up at the third start in an hour', async () => {
    await device.publish('com.a', '1.0.0', { lifecycle: { run: 'echo run >> runs; sleep 0.3; exit 1' } });
    // It is up whenever lite looks: after its sleep of 5 s.
    assert.equal((await device.deploy({ 'com.a': '1.0.0' })).status, 'SUCCEEDED');
    await waitFor('BROKEN', () => device.stateOf('com.a') === 'BROKEN');
    assert.equal(await readFile(join(device.work('com.a'), 'runs'), 'utf8'), 'run\nrun\nrun\n');
    assert.ok(device.nucleus.services.restart('com.a'));
    await waitFor('a fourth', async () => (await readFile(join(device.work('com.a'), 'runs'), 'utf8')).length === 16);
  });

  it('waits for an install that takes longer than its first look', async () => {
    await device.publish('com.a', '1.0.0', { lifecycle: { install: 'sleep 0.5; touch installed', run: STAYS } });
    assert.equal((await device.deploy({ 'com.a': '1.0.0' })).status, 'SUCCEEDED');
    assert.ok((await readdir(device.work('com.a'))).includes('installed'));
  });

  it('installs the new version while the old one runs', async () => {
    await device.publish('com.a', '1.0.0', { lifecycle: { run: `echo $$ > self; ${STAYS}` } });
    await device.publish('com.a', '1.1.0', {
      lifecycle: { install: 'kill -0 $(cat self) && touch alive', run: STAYS },
    });
    await device.deploy({ 'com.a': '1.0.0' });
    assert.equal((await device.deploy({ 'com.a': '1.1.0' })).status, 'SUCCEEDED');
    assert.ok((await readdir(device.work('com.a'))).includes('alive'));
  });

  it('keeps a component down whose hard dependency fails, and starts one with a soft one', async () => {
    await withSeconds(4);
    const on = (type: string) => ({ 'com.base': { VersionRequirement: '>=1.0.0', DependencyType: type } });
    await device.publish('com.base', '1.0.0', { lifecycle: { startup: 'exit 1' } });
    await device.publish('com.hard', '1.0.0', { lifecycle: { run: STAYS }, dependencies: on('HARD') });
    await device.publish('com.soft', '1.0.0', { lifecycle: { run: STAYS }, dependencies: on('SOFT') });
    const result = await device.deploy({ 'com.hard': '1.0.0', 'com.soft': '1.0.0' });
    assert.equal(result.status, 'FAILED');
    assert.equal(device.stateOf('com.hard'), 'INSTALLED');
    assert.equal(device.stateOf('com.soft'), 'RUNNING');
  });

  it('unpacks a ZIP from the cloud, and not one of a local deployment', async () => {
    const recipe = (ends: string) => ({
      artifacts: [{ Uri: 's3://X/model.zip', Unarchive: 'ZIP' }],
      lifecycle: { run: `${ends} {artifacts:decompressedPath}model/b.txt && touch unpacked; ${STAYS}` },
    });
    await device.addArtifact('com.z', '1.0.0', 'model.zip', await zip({ 'b.txt': 'text' }));
    await device.publish('com.z', '1.0.0', recipe('ls'));
    await device.deploy({ 'com.z': '1.0.0' });
    const unarchived = join(device.root, 'packages', 'artifacts-unarchived', 'com.z', '1.0.0');
    await assert.rejects(stat(unarchived), { code: 'ENOENT' });
    await device.deploy({}, { remove: ['com.z'] });
    assert.equal((await device.deploy({ 'com.z': '1.0.0' }, { source: 'cloud' })).status, 'SUCCEEDED');
    assert.equal((await stat(join(unarchived, 'model', 'b.txt'))).mode & 0o777, 0o755);
    await waitFor('the file', async () => (await readdir(device.work('com.z'))).includes('unpacked'));
  });

  it('forgets every token with its IPC daemon, while the components live on', async () => {
    await device.publish('com.a', '1.0.0', { lifecycle: { run: `echo $SVCUID >> tokens; ${STAYS}` } });
    await device.deploy({ 'com.a': '1.0.0' });
    const tokens = async () => (await readFile(join(device.work('com.a'), 'tokens'), 'utf8')).trim().split('\n');
    const [first = ''] = await tokens();
    assert.equal(device.nucleus.services.authenticate(first), 'com.a');
    await device.nucleus.cutIpc();
    assert.equal(device.nucleus.services.authenticate(first), 'com.a');
    await device.nucleus.restartIpc();
    assert.equal(device.nucleus.services.authenticate(first), undefined);
    assert.equal(device.stateOf('com.a'), 'RUNNING');
    // The next process of it gets a new one, from recipe-runner.
    device.nucleus.services.restart('com.a');
    await waitFor('a second run', async () => (await tokens()).length === 2);
    assert.equal(device.nucleus.services.authenticate((await tokens())[1] ?? ''), 'com.a');
  });

  it('takes UpdateState RUNNING for a startup that stays', async () => {
    await device.publish('com.s', '1.0.0', { lifecycle: { startup: `touch up; ${STAYS}` } });
    const deployed = device.deploy({ 'com.s': '1.0.0' });
    await waitFor('the process', async () =>
      (await readdir(device.work('com.s')).catch(() => [] as string[])).includes('up'),
    );
    assert.equal(device.stateOf('com.s'), 'STARTING');
    device.nucleus.services.reportState('com.s', 'RUNNING');
    assert.equal((await deployed).status, 'SUCCEEDED');
  });

  it('takes deployments from a component', async () => {
    await device.publish('com.a', '1.0.0', { lifecycle: { run: STAYS }, defaults: { x: 1 } });
    const id = await device.nucleus.services.createLocalDeployment({
      recipeDirectoryPath: device.recipes,
      rootComponentVersionsToAdd: { 'com.a': '1.0.0' },
      componentToConfiguration: { 'com.a': { merge: { x: 2 } } },
    });
    await waitFor('its end', () => device.nucleus.services.deploymentStatus(id) === 'SUCCEEDED');
    assert.deepEqual(device.nucleus.services.configuration.get('com.a', ['x']), 2);
  });
});
