import assert from 'node:assert/strict';
import { machineTime, type Time } from '../../src/sim/pace.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { CoreDevice } from '../fixtures/core-device.ts';
import { AGENT, LONG_WATCHED, lineComponents } from '../fixtures/line-components.ts';

/** What the agent asks a nucleus to wait for before it asks again (compose/greengrass.ts)... */
const HOLD_MS = 15_000;
/** ...and what this nucleus makes of it. That nobody waits for ever is proven in unit/adapters/greengrass/deferral. */
const HURRIED_MS = 500;
const hurried: Time = {
  ...machineTime,
  sleep: (ms, signal) => machineTime.sleep(ms === HOLD_MS ? HURRIED_MS : ms, signal),
};

describe('a deployment that would start the agent anew, while a rollout is between swap and commit (classic)', function () {
  this.timeout(90_000);
  let device: CoreDevice;
  before(() => lineComponents());
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await device?.tellLogs();
    await device?.stop();
  });

  it('waits for the verdict, and comes then', async () => {
    device = await CoreDevice.working('classic', { time: hurried });
    const version = () => device.nucleus.components().find(({ name }) => name === AGENT)?.version;
    const verdict = device.launcher('model', 'activate', '--wait', '--output', 'json', device.archive(LONG_WATCHED));
    await device.rollout('watching', LONG_WATCHED);
    const deployed = device.cloud.deploy({ agent: '1.0.1' });
    await waitFor('a deferral', async () => (await device.log()).includes('"event":"deployment asked to wait"'));
    assert.equal((await device.slot())?.state, 'watching');
    assert.equal(version(), '1.0.0');

    const { outcome } = JSON.parse((await verdict).stdout);
    assert.equal(outcome, 'committed');
    assert.equal((await deployed).status, 'SUCCEEDED');
    assert.equal(version(), '1.0.1');
    await device.answering(LONG_WATCHED);
    const slot = await device.slot();
    assert.deepEqual(
      [slot?.state, slot?.active?.version, slot?.boots],
      ['idle', LONG_WATCHED, 0],
      'it was not interrupted',
    );
    const said = /"event":"(deployment asked to wait|deployment may come)"/g;
    const answers = [...(await device.log()).matchAll(said)].map(([, what]) => what);
    assert.equal(answers.at(-1), 'deployment may come');
  });
});
