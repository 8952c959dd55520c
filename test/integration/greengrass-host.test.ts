import assert from 'node:assert/strict';
import { GreengrassHost } from '../../src/adapters/greengrass/host.ts';
import type { Hold } from '../../src/ports/component-host.ts';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { WatchedLink } from '../fixtures/greengrass-link.ts';
import { startTestNucleusIpc, type TestNucleusIpc } from '../fixtures/nucleus-ipc.ts';

describe('a nucleus as host', function () {
  this.timeout(30_000);
  let nucleus: TestNucleusIpc;
  let link: WatchedLink;
  let host: GreengrassHost;
  let hold: Hold | undefined;

  async function start(mode: NucleusMode): Promise<void> {
    nucleus = await startTestNucleusIpc({ mode });
    link = new WatchedLink(nucleus);
    await link.start();
    host = new GreengrassHost({ link, log: link.log, clock: link.clock });
    hold = undefined;
    host.onDeployment(() => hold);
    await host.start();
    await waitFor('a connection', () => link.state === 'online');
  }

  afterEach(async () => {
    await host.stop();
    await link.stop(1_000);
    await nucleus.close();
  });

  const ask = () => nucleus.services.askBeforeUpdate(nucleus.component, 'deployment-1');
  const reported = () => nucleus.services.reported.map(({ component, state }) => `${component} ${state}`);

  for (const mode of ['classic', 'lite'] satisfies NucleusMode[]) {
    it(`is told the state, and again when it is back: ${mode}`, async () => {
      await start(mode);
      assert.ok((await host.report('running')).ok);
      assert.deepEqual(reported(), ['com.openclaw.edge.Agent RUNNING']);
      await nucleus.cut();
      await waitFor('the loss', () => link.state !== 'online');
      await host.report('errored');
      await nucleus.restart();
      await waitFor('the state', () => reported().length > 1);
      assert.deepEqual(reported(), ['com.openclaw.edge.Agent RUNNING', 'com.openclaw.edge.Agent ERRORED']);
    });
  }

  it('asks before a deployment and is answered, yes as well, also when it is back', async () => {
    await start('classic');
    await waitFor('a yes', async () => (await ask()) === 0);
    hold = { forMs: 7_000, reason: 'a model is watched' };
    assert.equal(await ask(), 7_000);
    await nucleus.cut();
    await waitFor('the loss', () => link.state !== 'online');
    await nucleus.restart();
    await waitFor('a no', async () => (await ask()) === 7_000);
    hold = undefined;
    assert.equal(await ask(), 0);
    nucleus.services.tellAfterUpdate('deployment-1');
    await waitFor('its end in the log', () => link.log.events.includes('deployment done or given up'));
  });

  it('that never asks is no failure, and is told once', async () => {
    await start('lite');
    const said = () =>
      link.log.lines.filter(({ fields }) => (fields as { code?: string }).code === 'E_IPC_UNSUPPORTED');
    await waitFor('a line in the log', () => said().length > 0);
    await nucleus.cut();
    await waitFor('the loss', () => link.state !== 'online');
    await nucleus.restart();
    await waitFor('the connection', () => link.state === 'online');
    assert.ok((await host.report('running')).ok);
    assert.equal(said().length, 1);
    assert.match(JSON.stringify(said()), /"operation":"SubscribeToComponentUpdates"/);
  });
});
