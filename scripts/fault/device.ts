/** One life of a device: starts, sees the rollout to its end, answers a while and stops; or is cut off before. */
import { setTimeout as pause } from 'node:timers/promises';
import { pinoLog } from '../../src/adapters/pino-log.ts';
import { given } from '../../src/domain/errors.ts';
import { packageFolder } from '../../test/fixtures/rollout-fault/contract.ts';
import { KEYS, Line } from '../../test/fixtures/rollout-fault/line.ts';
import { Journal } from './journal.ts';
import { type CutAt, Points } from './points.ts';

export type LifeOptions = {
  readonly folder: string;
  readonly stateDir: string;
  readonly journal: string;
  /** Undefined: none is asked for. */
  readonly candidate: string | undefined;
  readonly cutAt: CutAt;
  readonly isolation: 'none' | 'process';
};

/** An id that stays: whoever asks again after a power cut means the same rollout. */
const ROLLOUT = 'the-rollout';
const LOOK_EVERY_MS = 5;
/** Answers after the end of the rollout, of each key. */
const SERVED = 5;

const { folder, stateDir, candidate, isolation, ...options }: LifeOptions = JSON.parse(process.argv[2] ?? '');
const journal = new Journal(options.journal);
const points = new Points(journal, options.cutAt);
let answers = 0;

points.ofEffects();
const line = new Line({
  folder,
  stateDir,
  isolation,
  log: pinoLog({ level: 'warn' }),
  between: (needs) => ({ ...needs, store: points.ofStore(needs.store) }),
  onAnswer: (answer) => {
    answers++;
    journal.write({ answer });
    points.answered();
  },
});
await line.start();
if (candidate !== undefined) {
  const source = packageFolder(folder, candidate);
  given(await line.rollouts.request({ id: ROLLOUT, source, force: false }));
}
await until(() => line.rollouts.record().state === 'idle');
const enough = answers + SERVED * KEYS.length;
await until(() => answers >= enough);
const { last } = line.rollouts.record();
if (last !== undefined) journal.write({ ended: last });
await line.stop();

/** Whoever started this life ends it when it takes too long. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(LOOK_EVERY_MS);
}
