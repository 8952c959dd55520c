import assert from 'node:assert/strict';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { configured, type Json, RULE } from '../fixtures/core-device/configuration.ts';
import { CoreDevice } from '../fixtures/core-device.ts';
import { AGENT, lineComponents } from '../fixtures/line-components.ts';

const REASONS = [/agents\[0\]\.decisions\.alarms\[0\]\.raise must be a number/, /agents\[0\]\.qeue is not a known key/];
/** Back within: the process ends in order, and starts. */
const BACK_WITHIN_MS = 15_000;

for (const mode of ['classic', 'lite'] satisfies NucleusMode[]) {
  describe(`the configuration comes by a deployment (${mode})`, function () {
    this.timeout(90_000);
    let device: CoreDevice;

    before(async () => {
      await lineComponents();
      device = await CoreDevice.working(mode);
    });
    afterEach(async function () {
      if (this.currentTest?.state === 'failed') await device?.tellLogs();
    });
    after(() => device?.stop());

    const starts = async () => (await device.log()).split('"event":"device started"').length - 1;
    const stays = (): readonly string[] =>
      device.events.flatMap((event) => (event.event === 'component' && event.component === AGENT ? [event.state] : []));
    const thresholds = (raise: unknown, more: object = {}): Json =>
      configured(device.components.trust, { decisions: { alarms: [{ ...RULE, raise }] }, ...more });

    it(
      mode === 'classic'
        ? 'a threshold is taken up without a start'
        : 'a threshold is taken up; lite starts what a deployment configures',
      async () => {
        const before = await starts();
        assert.equal((await device.cloud.deploy({ merge: thresholds(0.6) })).status, 'SUCCEEDED');
        await device.raises(0.6);
        assert.equal((await starts()) - before, mode === 'classic' ? 0 : 1);
      },
    );

    it('what cannot change while it runs is taken up by a start, which the nucleus need not help with', async () => {
      const [before, states] = [await starts(), stays().length];
      const merge = thresholds(0.6, { queue: { max: 8 } });
      if (mode === 'classic') assert.equal((await device.cloud.deploy({ merge })).status, 'SUCCEEDED');
      // A component may change it as well, which lite starts nothing for.
      else device.nucleus.services.configuration.merge(AGENT, [], merge, Date.now());
      await waitFor('the start', async () => (await starts()) > before, BACK_WITHIN_MS);
      await device.raises(0.6);
      assert.match(await device.log(), /"paths":\["agents\[0\]\.queue\.max"\],"event":"starting anew/);
      assert.deepEqual(stays().slice(states), [], 'to the nucleus it ran all the time');
    });

    it('a bad one is refused with all its reasons, and changes nothing', async () => {
      const merge = thresholds('high', { qeue: { max: 8 } });
      const refused = await device.cloud.deploy({ merge });
      if (mode === 'classic') {
        assert.equal(refused.status, 'FAILED_NO_STATE_CHANGE');
        for (const reason of REASONS) assert.match(refused.reason ?? '', reason);
        const agents = device.nucleus.services.configuration.get(AGENT, ['agents']);
        assert.deepEqual(agents, thresholds(0.6, { queue: { max: 8 } })['agents'], 'not even what the nucleus keeps');
      } else {
        let problems = '';
        await waitFor('the reasons in the shadow', async () => {
          const reported = (await device.observer.shadow('edge-agent'))?.['reported']?.['config'];
          problems = JSON.stringify(reported);
          return reported?.['accepted'] === false;
        });
        for (const reason of REASONS) assert.match(problems, reason);
      }
      await device.raises(0.6);
      await device.answering('1.0.0');
    });

    it('the last accepted one is in force after the device has started anew', async () => {
      await device.powerCut();
      await device.boot();
      await device.raises(0.6);
      await device.answering('1.0.0');
      device.sensors.rest();
      await device.alarms.allArrived();
    });
  });
}
