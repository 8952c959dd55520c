import { z } from 'zod';
import type { Gates } from '../domain/manifest.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Counts above are no evidence any more, only waiting. */
const MAX_WINDOWS = 1_000_000;

/** What the runner takes with the largest model measured on a device of this class, twice over. */
const MEMORY_BUDGET_BYTES = 512 * 1024 * 1024;

/** Of 50 windows a model that is wrong half the time disagrees on 25 +- 7: no chance to pass. */
const CANARY_WINDOWS = 50;
/** A better model must be allowed to know better now and then; one with mixed-up labels disagrees nearly always. */
const MAX_DISAGREEMENT = 0.2;
/** Sensors that send once in ten seconds still bring 50 windows. */
const CANARY_DEADLINE_MS = 10 * MINUTE_MS;
/** With three extensions a canary ends after 40 minutes at the latest. */
const CANARY_EXTENSIONS = 3;

/** With 10 bins, chance alone brings a PSI of about 9 / 200 = 0.05: far from the limit. */
const WATCH_WINDOWS = 200;
/** Leaks and slow drifts need minutes to show; an hour would hold up every other rollout. */
const WATCH_DURATION_MS = 10 * MINUTE_MS;
/** Two of 200 windows. */
const MAX_ERROR_RATE = 0.01;
/** The customary reading of a PSI: below 0.1 nothing changed, above 0.25 much did. */
const MAX_DRIFT = 0.25;
/** A threshold on a slightly different score may double the alarms; a broken model brings ten times as many. */
const MAX_ALARM_RATE_JUMP = 3;

const SHARE = z.number().min(0).max(1);
const WINDOWS = z.int().min(1).max(MAX_WINDOWS);
const DURATION_MS = z.number().min(1).max(DAY_MS);

/** What a model is judged by on the device. Only golden tolerance and latency have no default: nobody else knows them. */
export const GATES_SCHEMA = z.strictObject({
  goldenTolerance: z.number().nonnegative(),
  latencyBudgetMs: z.number().positive(),
  memoryBudgetBytes: z.int().min(1).default(MEMORY_BUDGET_BYTES),
  canary: z
    .strictObject({
      windows: WINDOWS.default(CANARY_WINDOWS),
      maxDisagreement: SHARE.default(MAX_DISAGREEMENT),
      deadlineMs: DURATION_MS.default(CANARY_DEADLINE_MS),
      maxExtensions: z.int().min(0).max(100).default(CANARY_EXTENSIONS),
    })
    .prefault({}),
  watch: z
    .strictObject({
      windows: WINDOWS.default(WATCH_WINDOWS),
      durationMs: DURATION_MS.default(WATCH_DURATION_MS),
      maxErrorRate: SHARE.default(MAX_ERROR_RATE),
      maxDrift: z.number().positive().default(MAX_DRIFT),
      maxAlarmRateJump: z.number().min(1).default(MAX_ALARM_RATE_JUMP),
    })
    .prefault({}),
}) satisfies z.ZodType<Gates>;
