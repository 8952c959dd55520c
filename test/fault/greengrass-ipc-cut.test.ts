import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { IpcLink } from '../../src/adapters/greengrass/link.ts';
import { localBus } from '../../src/adapters/greengrass/local-bus.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { FakeLog } from '../fakes/log.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { startTestNucleusIpc } from '../fixtures/nucleus-ipc.ts';

/** The SDK's native half, left to itself, ends the process within some hundred of them. */
const CUTS = 150;
const DIRECT_A_TURN = 20;

describe('the IPC of a nucleus is cut under load', function () {
  this.timeout(120_000);
  // Whatever fails: what is left open would keep the process of the tests alive.
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  for (const mode of ['classic', 'lite'] as const) {
    it(`and the process goes on, with its subscription, and knows of each alarm whether it passed: ${mode}`, async () => {
      const nucleus = await startTestNucleusIpc({ mode });
      ends.push(() => nucleus.close());
      // Reconnecting is tested, not waiting.
      const clock = { ...systemClock, sleep: (_ms: number, signal?: AbortSignal) => systemClock.sleep(1, signal) };
      const needs = { clock, log: new FakeLog(), random: () => 0 };
      const link = new IpcLink({ socketPath: nucleus.socketPath, token: nucleus.svcuid, ...needs });
      const bus = localBus({ link, kind: mode, thing: nucleus.thing, ...needs });
      ends.push(() => link.stop(1_000));
      ends.push(() => bus.stop(1_000));
      const arrived = new Set<string>();
      const passed: string[] = [];
      let asked = 0;
      let answered = 0;
      let heard = 0;
      bus.subscribe('t/+', 0, () => {
        heard++;
      });
      nucleus.pubsub.subscribe({
        filter: 't/alarm',
        component: 'other',
        deliver: (_topic, message) => arrived.add(message.kind === 'binary' ? atob(message.base64) : ''),
      });
      await link.start();
      await bus.start();

      let loaded = true;
      ends.push(() => {
        loaded = false;
      });
      async function load(): Promise<void> {
        while (loaded) {
          bus.publishDirect(Array.from({ length: DIRECT_A_TURN }, () => ({ topic: 't/x', payload: 'reading' })));
          const id = String(asked++);
          void bus.publishAcked({ topic: 't/alarm', payload: id }).then(({ ok }) => {
            answered++;
            if (ok) passed.push(id);
          });
          await pause(1);
        }
      }
      const loading = load();
      for (let cut = 0; cut < CUTS; cut++) {
        await pause(Math.random() * 30);
        await nucleus.cut();
        await pause(Math.random() * 5);
        await nucleus.restart();
        await waitFor('the bus', () => bus.state === 'online');
      }
      const before = heard;
      await waitFor('a reading after the last cut', () => heard > before);
      loaded = false;
      await loading;
      await waitFor('all answers', () => answered === asked);
      assert.ok(passed.length > 0);
      assert.deepEqual(
        passed.filter((id) => !arrived.has(id)),
        [],
        'what was acknowledged has arrived',
      );
    });
  }
});
