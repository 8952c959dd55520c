import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type Accuracy, measureAccuracy } from '../../bench/accuracy/measure.ts';
import { EdgeError } from '../../src/domain/errors.ts';
import { skip } from '../skip.ts';

const DATA = process.env['OPENCLAW_DATA'] ?? join(import.meta.dirname, '../../../shared/data');

describe('The shipped models, on data that no training has seen', function () {
  this.timeout(30_000);
  let accuracy: Accuracy | undefined;
  before(async () => {
    const there = await access(join(DATA, 'cwru')).then(
      () => true,
      () => false,
    );
    if (there) accuracy = await measureAccuracy(DATA);
  });

  const promises: [string, (accuracy: Accuracy) => void][] = [
    ['small bearing-fault has a macro-F1 of 0.97 on CWRU', (a) => assert.ok(a.bearingFault.macroF1Small >= 0.97)],
    ['large bearing-fault has a macro-F1 of 0.97 on CWRU', (a) => assert.ok(a.bearingFault.macroF1Large >= 0.97)],
    ['small bearing-fault has it on the simulator', (a) => assert.ok(a.bearingFault.simulatorMacroF1Small >= 0.97)],
    ['large bearing-fault has it on the simulator', (a) => assert.ok(a.bearingFault.simulatorMacroF1Large >= 0.97)],
    // An alarm needs four of five windows.
    ['a healthy bearing hardly ever counts as faulty', (a) => assert.ok(a.bearingFault.normalFalseAlarmRate <= 0.01)],
    ['small turbofan-rul has an RMSE of 14.9 cycles', (a) => assert.ok(a.turbofanRul.rmse <= 14.9)],
    ['large turbofan-rul has an RMSE of 14.9 cycles', (a) => assert.ok(a.turbofanRul.rmseLarge <= 14.9)],
  ];
  for (const [promise, hold] of promises) {
    it(promise, function () {
      hold(accuracy ?? skip(this, `no data in ${DATA}`));
    });
  }

  it('is not measured without the data, and says which folder is missing', async () => {
    const refused = await measureAccuracy('/nowhere').catch((thrown: unknown) => thrown);
    assert.ok(refused instanceof EdgeError);
    assert.equal(refused.code, 'E_FILE_MISSING');
    assert.match(refused.message, /: \/nowhere\/cwru$/);
  });
});
