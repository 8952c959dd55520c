import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import type { Diagnosis } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { CoreDevice } from '../fixtures/core-device.ts';
import { AGENT, BROKEN_AGENT, lineComponents } from '../fixtures/line-components.ts';

/** A command is remembered until it expires. */
const COMMAND_MS = 60_000;

describe('the agent is updated by a deployment', function () {
  this.timeout(120_000);
  let device: CoreDevice;
  before(() => lineComponents());
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await device?.tellLogs();
    await device?.stop();
  });

  const versions = async () => (await readdir(join(device.work, 'app'))).sort();
  const diagnose = async () => (await device.observer.command<Diagnosis>('diagnose')).agents[0];
  const running = async () =>
    /app\/([\d.]+)\//.exec(await readFile(join(device.work, 'bin/openclaw-edge'), 'utf8'))?.[1];

  for (const mode of ['classic', 'lite'] satisfies NucleusMode[]) {
    it(`keeps the outbox, alarms that go on, commands that were done, the audit log, slots and release counters; metrics count anew: ${mode}`, async () => {
      device = await CoreDevice.working(mode);
      assert.equal((await device.cloud.deploy({ model: '1.1.0' })).status, 'SUCCEEDED');
      await device.answering('1.1.0');
      device.sensors.rest();
      await device.alarms.allArrived();
      const id = randomUUID();
      await device.observer.command('sleep', {}, COMMAND_MS, id);
      await device.observer.command('wake');
      device.sensors.sense('lasting', 'b');
      await waitFor('the alarm', () => device.observer.alarmsOf('lasting').length === 1);
      const slot = await device.slot();
      const audit = await readFile(join(device.work, 'state/audit.jsonl'), 'utf8');
      const { alarmsRaised = 0 } = (await diagnose())?.metrics.counts ?? {};
      assert.ok(alarmsRaised > 1);

      await device.way.close();
      const waiting = ['w1', 'w2', 'w3'];
      for (const key of waiting) device.sensors.sense(key, 'b');
      await waitFor('the alarms', async () => (await device.alarms.missing()).length === waiting.length);
      assert.equal((await device.cloud.deploy({ agent: '1.0.1' })).status, 'SUCCEEDED');
      await waitFor('the new version', async () => (await running()) === '1.0.1');
      assert.deepEqual(
        await device.alarms.missing(),
        waiting.map((key) => `${key} raised: 1`),
        'they wait',
      );
      await device.way.open();
      await device.alarms.allArrived();

      assert.deepEqual(await versions(), ['1.0.0', '1.0.1']);
      assert.deepEqual(await device.slot(), slot, 'not even a rollout has begun');
      assert.ok((await readFile(join(device.work, 'state/audit.jsonl'), 'utf8')).startsWith(audit));
      await waitFor('commands are heard', async () => (await device.raise()) !== undefined);
      await device.observer.command('sleep', {}, COMMAND_MS, id);
      // Asleep it would be, had it been done again.
      await waitFor('the agent', async () => (await diagnose())?.state === 'running');
      assert.equal((await diagnose())?.metrics.counts['alarmsRaised'], 0, 'metrics are since the start');
      device.sensors.load();
      await device.answering('1.1.0');
      device.sensors.rest();
      device.sensors.sense('lasting', 'b');
      device.sensors.sense('lasting', 'a');
      await waitFor('the end of the alarm', () => device.observer.alarmsOf('lasting').length > 1);
      assert.deepEqual(
        device.observer.alarmsOf('lasting').map(({ kind, since }) => [kind, since]),
        ['raised', 'cleared'].map((kind) => [kind, device.observer.alarmsOf('lasting')[0]?.since]),
        'one episode, raised once, from before the update to after it',
      );

      const second = await device.cloud.deploy({ agent: '1.0.2' });
      assert.equal(second.status, 'SUCCEEDED');
      assert.deepEqual(await versions(), ['1.0.1', '1.0.2'], 'the one before stays, older ones go');
      assert.deepEqual(await device.leftovers(), []);
    });
  }

  it('and goes back to the old version, which works on, when the new one cannot run here: classic', async () => {
    device = await CoreDevice.working('classic');
    const failed = await device.cloud.deploy({ agent: BROKEN_AGENT });
    assert.equal(failed.status, 'FAILED_ROLLBACK_COMPLETE');
    assert.match(failed.reason ?? '', new RegExp(`${AGENT} in broken state.*install ended with`));
    assert.equal(await running(), '1.0.0');
    await device.answering('1.0.0');
    assert.deepEqual(await versions(), ['1.0.0']);
    device.sensors.rest();
    await device.alarms.allArrived();
  });
});
