import assert from 'node:assert/strict';
import { MAX_HOLD_MS } from '../../../../src/adapters/greengrass/deferral.ts';
import { GreengrassHost } from '../../../../src/adapters/greengrass/host.ts';
import type { Hold } from '../../../../src/ports/component-host.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLink, refuse } from '../../../fakes/ipc-link.ts';
import { FakeLog } from '../../../fakes/log.ts';

const UPDATES = 'SubscribeToComponentUpdates';

describe('the nucleus as host', () => {
  let clock: FakeClock;
  let link: FakeLink;
  let log: FakeLog;
  let host: GreengrassHost;

  beforeEach(async () => {
    clock = new FakeClock();
    link = new FakeLink();
    log = new FakeLog();
    host = new GreengrassHost({ link, clock, log });
    await host.start();
  });

  afterEach(async () => {
    await host.stop();
    assert.equal(link.streams.size, 0);
  });

  describe('is told how we are', () => {
    it('at once', async () => {
      link.goOnline();
      assert.ok((await host.report('running')).ok);
      assert.ok((await host.report('errored')).ok);
      assert.deepEqual(link.requests('updateState'), [{ state: 'RUNNING' }, { state: 'ERRORED' }]);
    });

    it('again after each connect, and not before there is something to tell', async () => {
      link.goOnline();
      await clock.advance(0);
      assert.deepEqual(link.requests('updateState'), []);
      await host.report('running');
      link.goOffline();
      link.goOnline();
      await clock.advance(0);
      assert.deepEqual(link.requests('updateState'), [{ state: 'RUNNING' }, { state: 'RUNNING' }]);
    });

    it('later, when there is no connection', async () => {
      const told = await host.report('running');
      assert.equal(!told.ok && told.error.code, 'E_IPC_OFFLINE');
      link.goOnline();
      await clock.advance(0);
      assert.deepEqual(link.requests('updateState'), [{ state: 'RUNNING' }]);
      assert.deepEqual(log.events, []);
    });

    it('nothing after the stop', async () => {
      await host.report('running');
      await host.stop();
      link.goOnline();
      await clock.advance(0);
      assert.deepEqual(link.requests('updateState'), []);
    });

    it('and that it does not want to know is told once, and no failure', async () => {
      link.answers['updateState'] = () => {
        throw refuse('E_IPC_UNSUPPORTED', 'UpdateState');
      };
      link.goOnline();
      for (let i = 0; i < 3; i++) assert.ok((await host.report('running')).ok);
      assert.equal(log.events.filter((event) => event === 'state of the component not reported').length, 1);
    });
  });

  describe('that asks before a deployment', () => {
    const ask = async (deploymentId: string) => {
      const before = link.requests('deferComponentUpdate').length;
      assert.ok(link.push(UPDATES, { preUpdateEvent: { deploymentId, isGgcRestarting: false } }));
      await clock.advance(0);
      const answers = link.requests('deferComponentUpdate').slice(before);
      assert.equal(answers.length, 1);
      return answers[0];
    };

    it('does not ask before somebody can answer: each who subscribed is waited for', async () => {
      link.goOnline();
      assert.equal(link.push(UPDATES, {}), false);
      host.onDeployment(() => undefined);
      assert.equal(link.push(UPDATES, {}), true);
    });

    it('is answered also when nothing is against it', async () => {
      link.goOnline();
      host.onDeployment(() => undefined);
      assert.deepEqual(await ask('d1'), { deploymentId: 'd1', recheckAfterMs: 0 });
    });

    it('is asked to wait for a reason, until it is gone', async () => {
      link.goOnline();
      let hold: Hold | undefined = { forMs: 5_000, reason: 'a model is watched' };
      host.onDeployment(() => hold);
      const waiting = { deploymentId: 'd1', recheckAfterMs: 5_000, message: 'a model is watched' };
      assert.deepEqual(await ask('d1'), waiting);
      await clock.advance(5_000);
      assert.deepEqual(await ask('d1'), waiting);
      hold = undefined;
      assert.deepEqual(await ask('d1'), { deploymentId: 'd1', recheckAfterMs: 0 });
    });

    it('gets its way after the bound, and the log says so loudly', async () => {
      link.goOnline();
      host.onDeployment(() => ({ forMs: 60_000, reason: 'it hangs' }));
      for (let waited = 0; waited < MAX_HOLD_MS; waited += 60_000) {
        assert.equal(((await ask('d1')) as { recheckAfterMs: number }).recheckAfterMs, 60_000);
        await clock.advance(60_000);
      }
      assert.equal(((await ask('d1')) as { recheckAfterMs: number }).recheckAfterMs, 0);
      assert.deepEqual(
        log.lines.filter(({ level }) => level === 'error').map(({ event }) => event),
        ['deployment let through: it has waited too long'],
      );
    });

    it('gets its way when nobody can say whether it may come', async () => {
      link.goOnline();
      host.onDeployment(() => {
        throw new Error('a bug');
      });
      assert.deepEqual(await ask('d1'), { deploymentId: 'd1', recheckAfterMs: 0 });
      assert.equal(log.lines[0]?.level, 'error');
    });

    it('gets its way when who could say so has left', async () => {
      link.goOnline();
      const leave = host.onDeployment(() => ({ forMs: 5_000, reason: 'r' }));
      leave();
      assert.deepEqual(await ask('d1'), { deploymentId: 'd1', recheckAfterMs: 0 });
    });

    it('and does not take the answer leaves a line in the log', async () => {
      link.goOnline();
      link.answers['deferComponentUpdate'] = () => {
        throw refuse('E_IPC_FAILED', 'too late');
      };
      host.onDeployment(() => undefined);
      await ask('d1');
      assert.ok(log.events.includes('answer not delivered'));
    });
  });
});
