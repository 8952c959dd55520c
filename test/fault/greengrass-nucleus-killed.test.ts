import assert from 'node:assert/strict';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { configured, RULE } from '../fixtures/core-device/configuration.ts';
import { CoreDevice } from '../fixtures/core-device.ts';
import { AGENT, lineComponents } from '../fixtures/line-components.ts';

/** Often enough to hit alarms on their way; the agent knows after 15 s that it was forgotten. */
const OFTEN = 2;
const ONCE = 1;
const WORK_MS = 700;
const BACK_WITHIN_MS = 90_000;

type Loss = {
  readonly what: string;
  readonly mode: NucleusMode;
  readonly times: number;
  readonly happen: (device: CoreDevice) => Promise<void>;
};

const LOSSES_OF_THE_NUCLEUS: readonly Loss[] = [
  { what: 'and all components with it', mode: 'classic', times: OFTEN, happen: allEnds },
  { what: 'and all components with it', mode: 'lite', times: OFTEN, happen: allEnds },
  {
    what: 'its IPC daemon alone, which forgets who is who',
    mode: 'lite',
    times: ONCE,
    happen: (device) => device.nucleus.restartIpc(),
  },
  {
    what: 'its IPC alone, and remembers',
    mode: 'classic',
    times: OFTEN,
    happen: (device) => device.nucleus.restartIpc(),
  },
];

async function allEnds(device: CoreDevice): Promise<void> {
  await device.powerCut();
  await device.boot();
}

describe('the nucleus is killed and started again under load', function () {
  this.timeout(180_000);
  let device: CoreDevice | undefined;
  before(() => lineComponents());
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await device?.tellLogs();
  });

  for (const mode of ['classic', 'lite'] satisfies NucleusMode[]) {
    describe(mode, () => {
      before(async () => {
        device = await CoreDevice.working(mode);
      });
      after(() => device?.stop());

      for (const { what, times, happen } of LOSSES_OF_THE_NUCLEUS.filter((loss) => loss.mode === mode)) {
        it(`${what}: no alarm is lost, and readings, commands, shadow and configuration are heard again`, async () => {
          const core = given(device);
          for (let loss = 0; loss < times; loss++) {
            await new Promise((resolve) => setTimeout(resolve, WORK_MS));
            await happen(core);
            await core.answering('1.0.0', BACK_WITHIN_MS);
          }
          await heardAgain(core);
          core.sensors.rest();
          await core.alarms.allArrived();
          core.sensors.load();
        });
      }
    });
  }

  async function heardAgain(core: CoreDevice): Promise<void> {
    await waitFor('a command', async () => (await core.raise()) !== undefined);
    const level = (await logLevel(core)) === 'info' ? 'warn' : 'info';
    await core.desire({ logLevel: level });
    await waitFor('what the shadow desires', async () => (await logLevel(core)) === level);
    await core.desire({ logLevel: 'info' });
    await waitFor('what the shadow desires again', async () => (await logLevel(core)) === 'info');
    const raise = (await core.raise()) === 0.7 ? 0.6 : 0.7;
    const { agents = [] } = configured(core.components.trust, { decisions: { alarms: [{ ...RULE, raise }] } });
    core.nucleus.services.configuration.merge(AGENT, ['agents'], agents, Date.now());
    await core.raises(raise);
  }
});

async function logLevel(core: CoreDevice): Promise<unknown> {
  const status = await core.observer.command<{ logLevel: string }>('status').catch(() => undefined);
  return status?.logLevel;
}

function given(device: CoreDevice | undefined): CoreDevice {
  assert.ok(device);
  return device;
}
