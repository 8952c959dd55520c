import assert from 'node:assert/strict';
import { GreengrassConfiguration } from '../../../../src/adapters/greengrass/configuration.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLink, refuse } from '../../../fakes/ipc-link.ts';
import { FakeLog } from '../../../fakes/log.ts';

const UPDATES = 'SubscribeToConfigurationUpdate';
const PROPOSALS = 'SubscribeToValidateConfigurationUpdates';

describe('the configuration that a nucleus keeps', () => {
  let clock: FakeClock;
  let link: FakeLink;
  let log: FakeLog;
  let source: GreengrassConfiguration;
  let kept: unknown;
  let told: number;

  beforeEach(() => {
    clock = new FakeClock();
    link = new FakeLink();
    log = new FakeLog();
    kept = { agents: [1] };
    told = 0;
    link.answers['getConfiguration'] = () => ({ componentName: 'c', value: kept });
    source = new GreengrassConfiguration({ link, clock, log });
    source.onChange(() => told++);
  });

  afterEach(async () => {
    await source.stop();
    assert.equal(clock.pending, 0);
    assert.equal(link.streams.size, 0);
  });

  async function started(): Promise<void> {
    link.goOnline();
    await source.start();
    assert.deepEqual(await source.read(), { ok: true, value: kept });
    await clock.advance(60_000);
    assert.equal(told, 0);
  }

  function changed(...keyPath: string[]): void {
    assert.ok(link.push(UPDATES, { configurationUpdateEvent: { componentName: 'c', keyPath } }));
  }

  it('is read whole', async () => {
    await started();
    assert.deepEqual(link.requests('getConfiguration')[0], { keyPath: [] });
  });

  it('is empty when nothing was ever configured', async () => {
    link.goOnline();
    link.answers['getConfiguration'] = () => {
      throw refuse('E_IPC_NOT_FOUND');
    };
    assert.deepEqual(await source.read(), { ok: true, value: {} });
  });

  it('is not known without a connection', async () => {
    const read = await source.read();
    assert.equal(!read.ok && read.error.code, 'E_IPC_OFFLINE');
  });

  it('tells a deployment of many keys as one change', async () => {
    await started();
    kept = { agents: [2], log: { level: 'debug' } };
    for (const key of ['agents', 'log', 'thing']) changed(key);
    await clock.advance(60_000);
    assert.equal(told, 1);
  });

  it('tells nothing when all is as it was', async () => {
    await started();
    changed('agents');
    await clock.advance(60_000);
    assert.equal(told, 0);
  });

  it('tells nothing that has been read already', async () => {
    await started();
    kept = { agents: [2] };
    changed('agents');
    await source.read();
    await clock.advance(60_000);
    assert.equal(told, 0);
  });

  it('tells what changed while there was no connection', async () => {
    await started();
    link.goOffline();
    kept = { agents: [3] };
    await clock.advance(60_000);
    link.goOnline();
    await clock.advance(60_000);
    assert.equal(told, 1);
  });

  it('tells nothing after a connection was lost and nothing changed', async () => {
    await started();
    link.goOffline();
    link.goOnline();
    await clock.advance(60_000);
    assert.equal(told, 0);
  });

  it('tells of itself when it could not be read before', async () => {
    await source.start();
    assert.ok(!(await source.read()).ok);
    link.goOnline();
    await clock.advance(60_000);
    assert.equal(told, 1);
  });

  it('is read again when what changed could not be read', async () => {
    await started();
    kept = { agents: [4] };
    let failures = 2;
    link.answers['getConfiguration'] = () => {
      if (failures-- > 0) throw refuse('E_IPC_TIMEOUT');
      return { value: kept };
    };
    changed('agents');
    await clock.advance(60_000);
    assert.equal(told, 1);
    assert.equal(log.events.filter((event) => event === 'configuration not read').length, 2);
  });

  it('tells nothing more to a listener that left, nor after its stop', async () => {
    await started();
    let others = 0;
    const leave = source.onChange(() => others++);
    leave();
    kept = {};
    changed('agents');
    await source.stop();
    await clock.advance(60_000);
    assert.deepEqual([told, others], [0, 0]);
  });

  describe('that is to be changed', () => {
    const proposal = (configuration: unknown, deploymentId = 'd1') => {
      assert.ok(link.push(PROPOSALS, { validateConfigurationUpdateEvent: { configuration, deploymentId } }));
    };
    const reports = () =>
      link.requests('sendConfigurationValidityReport').map((request) => {
        return (request as { configurationValidityReport: unknown }).configurationValidityReport;
      });

    it('is not asked about before somebody can answer', async () => {
      await started();
      assert.equal(link.push(PROPOSALS, {}), false);
      source.onProposal(async () => undefined);
      assert.equal(link.push(PROPOSALS, {}), true);
    });

    it('is accepted without an objection', async () => {
      const asked: unknown[] = [];
      source.onProposal(async (proposed) => {
        asked.push(proposed);
        return undefined;
      });
      await started();
      proposal({ agents: [5] });
      await clock.advance(0);
      assert.deepEqual(asked, [{ agents: [5] }]);
      assert.deepEqual(reports(), [{ status: 'ACCEPTED', deploymentId: 'd1' }]);
    });

    it('is rejected with the objection', async () => {
      source.onProposal(async () => 'agents is missing');
      await started();
      proposal({});
      await clock.advance(0);
      assert.deepEqual(reports(), [{ status: 'REJECTED', deploymentId: 'd1', message: 'agents is missing' }]);
      assert.equal(told, 0);
    });

    it('is rejected in time when nobody comes to an end with it', async () => {
      source.onProposal(() => new Promise(() => {}));
      await started();
      proposal({});
      await clock.advance(19_000);
      assert.deepEqual(reports(), [
        { status: 'REJECTED', deploymentId: 'd1', message: 'it could not be checked within 15000 ms' },
      ]);
    });

    it('is rejected when the check fails, and the log says how', async () => {
      source.onProposal(async () => {
        throw new Error('a bug');
      });
      await started();
      proposal({});
      await clock.advance(0);
      assert.equal((reports()[0] as { status: string }).status, 'REJECTED');
      assert.ok(log.events.includes('a proposed configuration could not be checked'));
    });

    it('is accepted once nobody objects to anything any more', async () => {
      const leave = source.onProposal(async () => 'no');
      await started();
      leave();
      proposal({});
      await clock.advance(0);
      assert.deepEqual(reports(), [{ status: 'ACCEPTED', deploymentId: 'd1' }]);
    });

    it('is not told at endless length why it is rejected', async () => {
      source.onProposal(async () => 'x'.repeat(100_000));
      await started();
      proposal({});
      await clock.advance(0);
      assert.equal((reports()[0] as { message: string }).message.length, 2_000);
    });
  });
});
