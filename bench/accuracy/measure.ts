import { join } from 'node:path';
import { given } from '../../src/domain/errors.ts';
import { openPackage } from '../../src/package/load.ts';
import { fd001TestWindows } from './cmapss.ts';
import { cwruTestWindows } from './cwru.ts';
import { macroF1, rmse, type Sample, top } from './figures.ts';
import { scoresOf } from './scores.ts';
import { simulatorWindows } from './simulator.ts';

const ARTIFACTS = join(import.meta.dirname, '../../artifacts');
/** Where an alarm of the examples counts a window as faulty: the scores of all fault labels together. */
const ALARM_LEVEL = 0.8;
/** turbofan-rul was taught no more than this. */
const RUL_CAP = 125;

export type Accuracy = {
  readonly bearingFault: {
    readonly macroF1Small: number;
    readonly macroF1Large: number;
    readonly simulatorMacroF1Small: number;
    readonly simulatorMacroF1Large: number;
    /** Share of healthy windows, recorded and simulated, that would count towards an alarm; the worse variant. */
    readonly normalFalseAlarmRate: number;
    readonly windows: number;
  };
  readonly turbofanRul: {
    /** The small variant against the true cycles, as RUL_FD001.txt has them. */
    readonly rmse: number;
    readonly rmseLarge: number;
    /** The small variant against the truth capped at 125, as many papers count. */
    readonly rmseCapped: number;
    readonly engines: number;
  };
};

/** Measures the shipped models on data that no training has seen. Throws EdgeError where something is missing. */
export async function measureAccuracy(data: string): Promise<Accuracy> {
  return { bearingFault: await bearingFault(data), turbofanRul: await turbofanRul(data) };
}

async function bearingFault(data: string): Promise<Accuracy['bearingFault']> {
  const pkg = given(await openPackage(join(ARTIFACTS, 'bearing-fault')));
  const { input, output } = pkg.manifest;
  const recorded = given(await cwruTestWindows(join(data, 'cwru'), input.window, input.hop));
  const simulated = simulatorWindows();

  async function judge(variant: string) {
    const scores = given(await scoresOf(pkg, variant, [...recorded, ...simulated]));
    const answers = scores.map(top);
    const split = recorded.length;
    return {
      recorded: macroF1(answers.slice(0, split), truthOf(recorded), output.labels.length),
      simulated: macroF1(answers.slice(split), truthOf(simulated), output.labels.length),
      falseAlarms: falseAlarms(scores, [...recorded, ...simulated]),
    };
  }
  const small = await judge('small');
  const large = await judge('large');
  return {
    macroF1Small: small.recorded,
    macroF1Large: large.recorded,
    simulatorMacroF1Small: small.simulated,
    simulatorMacroF1Large: large.simulated,
    normalFalseAlarmRate: Math.max(small.falseAlarms, large.falseAlarms),
    windows: recorded.length,
  };
}

async function turbofanRul(data: string): Promise<Accuracy['turbofanRul']> {
  const pkg = given(await openPackage(join(ARTIFACTS, 'turbofan-rul')));
  const samples = given(await fd001TestWindows(join(data, 'cmapss'), pkg.manifest.input.window));
  const truth = truthOf(samples);
  const cycles = (scores: readonly Float32Array[]) => scores.map(([value]) => value ?? Number.NaN);
  const small = cycles(given(await scoresOf(pkg, 'small', samples)));
  const large = cycles(given(await scoresOf(pkg, 'large', samples)));
  const capped = truth.map((left) => Math.min(left, RUL_CAP));
  return {
    rmse: rmse(small, truth),
    rmseLarge: rmse(large, truth),
    rmseCapped: rmse(small, capped),
    engines: samples.length,
  };
}

function falseAlarms(scores: readonly Float32Array[], samples: readonly Sample[]): number {
  const healthy = scores.filter((_, i) => samples[i]?.truth === 0);
  return healthy.filter(([normal]) => 1 - (normal ?? 0) >= ALARM_LEVEL).length / healthy.length;
}

function truthOf(samples: readonly Sample[]): number[] {
  return samples.map((sample) => sample.truth);
}
