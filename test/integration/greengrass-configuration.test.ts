import assert from 'node:assert/strict';
import { GreengrassConfiguration } from '../../src/adapters/greengrass/configuration.ts';
import { fromGreengrass } from '../../src/config/from-greengrass.ts';
import type { JsonValue, NucleusMode } from '../../src/sim/nucleus/services.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { WatchedLink } from '../fixtures/greengrass-link.ts';
import { startTestNucleusIpc, type TestNucleusIpc } from '../fixtures/nucleus-ipc.ts';

const UPDATES = 'SubscribeToConfigurationUpdate';
const AGENTS = [{ name: 'a', decisions: { alarms: [{ name: 'r', raise: '0.9', k: '3.0', n: 4 }] } }];

for (const mode of ['classic', 'lite'] satisfies NucleusMode[]) {
  describe(`the configuration from a ${mode} nucleus`, function () {
    this.timeout(30_000);
    let nucleus: TestNucleusIpc;
    let link: WatchedLink;
    let source: GreengrassConfiguration;
    let told: number;

    beforeEach(async () => {
      nucleus = await startTestNucleusIpc({ mode, configuration: { agents: AGENTS } });
      link = new WatchedLink(nucleus);
      await link.start();
      source = new GreengrassConfiguration({ link, log: link.log, clock: link.clock });
      told = 0;
      source.onChange(() => told++);
      await source.start();
      await waitFor('a connection', () => link.state === 'online');
    });

    afterEach(async () => {
      await source.stop();
      await link.stop(1_000);
      await nucleus.close();
    });

    function deploy(configuration: { [key: string]: JsonValue }): void {
      nucleus.services.configuration.set(nucleus.component, configuration);
    }

    async function read(): Promise<unknown> {
      const result = await source.read();
      assert.ok(result.ok, JSON.stringify(result));
      return result.value;
    }

    it('is a configuration of ours, beside its permissions', async () => {
      const delivered = await read();
      assert.ok((delivered as { accessControl?: unknown }).accessControl !== undefined);
      const checked = fromGreengrass(delivered, { thing: nucleus.thing });
      assert.ok(checked.ok, JSON.stringify(checked));
      assert.equal(checked.value.thing, nucleus.thing);
      assert.equal(checked.value.agents[0]?.decisions.alarms[0]?.k, 3);
    });

    it('is refused with a reason where it fits into no packet, once, and read again when it does', async () => {
      await read();
      await subscribed(1);
      const large = Array.from({ length: 200 }, (_, i) => ({ name: `a${i}`, inputs: [`sensors/${i}/vibration`] }));
      deploy({ agents: large });
      await waitFor('a change', () => told > 0);
      const whole = await source.read();
      if (mode === 'classic') {
        assert.ok(whole.ok);
        return;
      }
      assert.equal(!whole.ok && whole.error.code, 'E_IPC_TOO_LARGE');
      deploy({ agents: large.slice(1) });
      await link.quiet();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.equal(told, 1);
      deploy({ agents: AGENTS });
      await waitFor('the next change', () => told > 1);
      await read();
    });

    it('tells a deployment that changes much as one change', async () => {
      await read();
      await subscribed(1);
      deploy({ agents: AGENTS, log: { level: 'debug' }, thing: 'other', state: 's' });
      await waitFor('a change', () => told > 0);
      assert.deepEqual(await read(), { agents: AGENTS, log: { level: 'debug' }, thing: 'other', state: 's' });
      assert.equal(told, 1);
    });

    it('tells what changed while the nucleus was away, and listens again', async () => {
      await read();
      await subscribed(1);
      await nucleus.cut();
      deploy({ agents: [] });
      await waitFor('the loss', () => link.state !== 'online');
      await nucleus.restart();
      await waitFor('the change of before', () => told === 1);
      await subscribed(2);
      deploy({ agents: AGENTS });
      await waitFor('a later change', () => told === 2);
    });

    const subscribed = (times: number) => waitFor('the subscription', () => link.stood(UPDATES) === times);
  });
}

describe('a configuration that is proposed', function () {
  this.timeout(30_000);
  let nucleus: TestNucleusIpc;
  let link: WatchedLink;
  let source: GreengrassConfiguration;

  async function start(mode: NucleusMode): Promise<void> {
    nucleus = await startTestNucleusIpc({ mode, configuration: { agents: AGENTS } });
    link = new WatchedLink(nucleus);
    await link.start();
    source = new GreengrassConfiguration({ link, log: link.log, clock: link.clock });
    await source.start();
    source.onProposal(async (proposed) => {
      const checked = fromGreengrass(proposed, { thing: undefined });
      return checked.ok ? undefined : checked.error.message;
    });
  }

  const propose = (configuration: JsonValue) => {
    return nucleus.services.configuration.validate(nucleus.component, configuration);
  };

  afterEach(async () => {
    await source.stop();
    await link.stop(1_000);
    await nucleus.close();
  });

  it('is refused to a classic nucleus with the reasons, also after a restart of it', async () => {
    await start('classic');
    const bad = { agents: [{ name: 'a', decisions: { alarms: [{ name: 'r', raise: 'high' }] } }] };
    await waitFor('a refusal', async () => (await propose(bad)) !== undefined);
    assert.match(String(await propose(bad)), /agents\[0\]\.decisions\.alarms\[0\]\.raise must be a number, is text/);
    assert.equal(await propose({ agents: AGENTS }), undefined);
    await nucleus.cut();
    await nucleus.restart();
    await waitFor('a refusal after the restart', async () => (await propose(bad)) !== undefined);
    assert.equal(await propose({ agents: AGENTS }), undefined);
  });

  it('is never shown by nucleus lite, which the log says once', async () => {
    await start('lite');
    const said = () => link.codes().filter((code) => code === 'E_IPC_UNSUPPORTED').length;
    await waitFor('a line in the log', () => said() > 0);
    await nucleus.cut();
    await nucleus.restart();
    await waitFor('the connection', () => link.state === 'online');
    assert.ok((await source.read()).ok);
    assert.equal(said(), 1);
    assert.equal(await propose({ agents: 7 }), undefined);
  });
});
