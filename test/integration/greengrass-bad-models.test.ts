import assert from 'node:assert/strict';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { CoreDevice } from '../fixtures/core-device.ts';
import { BAD_MODELS, lineComponents, MODEL } from '../fixtures/line-components.ts';

const ROWS = [
  { what: 'was changed after it was signed', version: BAD_MODELS.changed, code: /E_SIGNATURE|E_PACKAGE/ },
  {
    what: 'was signed by somebody whom the device does not know',
    version: BAD_MODELS.forged,
    code: /E_SIGNER_UNTRUSTED/,
  },
  { what: 'is no whole zip', version: BAD_MODELS.torn, code: /E_/ },
] as const;

const ENDS = { classic: 'FAILED_ROLLBACK_COMPLETE', lite: 'FAILED' } as const;

for (const mode of ['classic', 'lite'] satisfies NucleusMode[]) {
  describe(`a component that brings a model which (${mode})`, function () {
    this.timeout(60_000);
    let device: CoreDevice;
    before(async () => {
      await lineComponents();
      device = await CoreDevice.working(mode);
    });
    afterEach(async function () {
      if (this.currentTest?.state === 'failed') await device?.tellLogs();
    });
    after(() => device?.stop());

    for (const { what, version, code } of ROWS) {
      it(`${what}: the deployment fails, its log says why, and the active model stays`, async () => {
        const before = (await device.log(MODEL)).length;
        const result = await device.cloud.deploy({ model: version });
        assert.equal(result.status, ENDS[mode]);
        assert.match((await device.log(MODEL)).slice(before), code);
        const slot = await device.slot();
        assert.deepEqual([slot?.state, slot?.active?.version, slot?.candidate], ['idle', '1.0.0', undefined]);
        await device.answering('1.0.0');
        assert.deepEqual(await device.leftovers(), []);
      });
    }

    it('is followed by a good one: it comes as if nothing had been', async () => {
      assert.equal((await device.cloud.deploy({ model: '1.1.0' })).status, 'SUCCEEDED');
      await device.answering('1.1.0');
      device.sensors.rest();
      await device.alarms.allArrived();
    });
  });
}
