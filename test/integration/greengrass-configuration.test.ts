import assert from 'node:assert/strict';
import { GreengrassConfiguration } from '../../src/adapters/greengrass/configuration.ts';
import { fromGreengrass } from '../../src/config/from-greengrass.ts';
import type { JsonValue, NucleusMode } from '../../src/sim/nucleus/services.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { startLink, type TestLink } from '../fixtures/greengrass-link.ts';
import { startTestNucleusIpc, type TestNucleusIpc } from '../fixtures/nucleus-ipc.ts';

const AGENTS = [{ name: 'a', decisions: { alarms: [{ name: 'r', raise: '0.9', k: '3.0', n: 4 }] } }];

for (const mode of ['classic', 'lite'] satisfies NucleusMode[]) {
  describe(`the configuration from a ${mode} nucleus`, function () {
    this.timeout(30_000);
    let nucleus: TestNucleusIpc;
    let line: TestLink;
    let source: GreengrassConfiguration;
    let told: number;

    beforeEach(async () => {
      nucleus = await startTestNucleusIpc({ mode, configuration: { agents: AGENTS } });
      line = await startLink(nucleus);
      source = new GreengrassConfiguration(line);
      told = 0;
      source.onChange(() => told++);
      await source.start();
      await waitFor('a connection', () => line.link.state === 'online');
    });

    afterEach(async () => {
      await source.stop();
      await line.link.stop(1_000);
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

    it('tells a deployment that changes much as one change', async () => {
      await read();
      await subscribed();
      deploy({ agents: AGENTS, log: { level: 'debug' }, thing: 'other', state: 's' });
      await waitFor('a change', () => told > 0);
      assert.deepEqual(await read(), { agents: AGENTS, log: { level: 'debug' }, thing: 'other', state: 's' });
      assert.equal(told, 1);
    });

    it('tells what changed while the nucleus was away, and listens again', async () => {
      await read();
      await subscribed();
      await nucleus.cut();
      deploy({ agents: [] });
      await waitFor('the loss', () => line.link.state !== 'online');
      await nucleus.restart();
      await waitFor('the change of before', () => told === 1);
      deploy({ agents: AGENTS });
      await waitFor('a later change', () => told === 2);
    });

    /** The first subscription is proven by a change that it tells. */
    async function subscribed(): Promise<void> {
      let version = 0;
      await waitFor('the subscription', () => {
        deploy({ agents: AGENTS, version: ++version });
        return told > 0;
      });
      deploy({ agents: AGENTS });
      await waitFor('the last change', async () => {
        const before = told;
        await new Promise((resolve) => setTimeout(resolve, 700));
        return told === before;
      });
      await read();
      told = 0;
    }
  });
}

describe('a configuration that is proposed', function () {
  this.timeout(30_000);
  let nucleus: TestNucleusIpc;
  let line: TestLink;
  let source: GreengrassConfiguration;

  async function start(mode: NucleusMode): Promise<void> {
    nucleus = await startTestNucleusIpc({ mode, configuration: { agents: AGENTS } });
    line = await startLink(nucleus);
    source = new GreengrassConfiguration(line);
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
    await line.link.stop(1_000);
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
    const said = () =>
      line.log.lines.filter(({ fields }) => (fields as { code?: string }).code === 'E_IPC_UNSUPPORTED').length;
    await waitFor('a line in the log', () => said() > 0);
    await nucleus.cut();
    await nucleus.restart();
    await waitFor('the connection', () => line.link.state === 'online');
    assert.ok((await source.read()).ok);
    assert.equal(said(), 1);
    assert.equal(await propose({ agents: 7 }), undefined);
  });
});
