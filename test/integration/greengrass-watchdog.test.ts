import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { IpcLink } from '../../src/adapters/greengrass/link.ts';
import { localBus, localPulseTopic } from '../../src/adapters/greengrass/local-bus.ts';
import { Watchdog } from '../../src/adapters/greengrass/watchdog.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { FakeLog } from '../fakes/log.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { startTestNucleusIpc } from '../fixtures/nucleus-ipc.ts';

/** Of the half minute between two pulses. */
const PULSE_MS = 20;
/** What was sent before has come by then. */
const UNDERWAY_MS = 50;
const SENSOR = 'sensors/a/v';

describe('a subscription that the nucleus lost without a word', function () {
  this.timeout(30_000);

  for (const mode of ['classic', 'lite'] as const) {
    it(`is noticed by the pulse that does not come back, and opened again: ${mode}`, async () => {
      const nucleus = await startTestNucleusIpc({ mode });
      const log = new FakeLog();
      const clock = { ...systemClock, every: (_ms: number, act: () => void) => systemClock.every(PULSE_MS, act) };
      const needs = { clock, log, random: () => 0 };
      const link = new IpcLink({ socketPath: nucleus.socketPath, token: nucleus.svcuid, ...needs });
      const bus = localBus({ link, kind: mode, thing: nucleus.thing, ...needs });
      const watchdog = new Watchdog({ link, topic: localPulseTopic(nucleus.thing), clock, log });
      let heard = 0;
      bus.subscribe('sensors/+/v', 0, () => {
        heard++;
      });
      const sense = () => nucleus.pubsub.publish('com.example.Sensors', SENSOR, { kind: 'binary', base64: '' });
      const hears = async () => {
        const before = heard;
        await waitFor('a reading', () => {
          sense();
          return heard > before;
        });
      };
      try {
        await link.start();
        await bus.start();
        watchdog.start();
        await hears();
        assert.ok(nucleus.pubsub.forget().includes('sensors/+/v'));
        assert.equal(link.state, 'online', 'nobody was told');
        await pause(UNDERWAY_MS);
        await hears();
        assert.ok(log.events.includes('subscriptions are silent, a new IPC client is made'), log.events.join('; '));
      } finally {
        await watchdog.stop();
        await bus.stop(1_000);
        await link.stop(1_000);
        await nucleus.close();
      }
    });
  }
});
