import { z } from 'zod';
import { ok } from '../../domain/errors.ts';
import { LOG_LEVELS } from '../../ports/log.ts';
import { chosen, MAX_NAME, onlyAgent, onlyOne, READ_DEADLINE_MS, someAgent } from './choice.ts';
import { describeAgent, describeDevice } from './describe.ts';
import { MODEL_VERBS } from './model-verbs.ts';
import { parsePeriod } from './period.ts';
import { declareVerb, type Verb } from './verb.ts';

/** A window of 4,096 samples and 6 channels as JSON still fits the 128 KB of a command. */
const MAX_VALUES = 32_768;
/** Longer than a runner's own deadline, so that its failure is the one that is told. */
const INFER_DEADLINE_MS = 30_000;
/** A changed model is loaded and warmed up. */
const RELOAD_DEADLINE_MS = 60_000;

const finite = z.number().refine((value) => Number.isFinite(Math.fround(value)), 'must be finite as float32');

/** Every command that the agent knows. docs/reference/commands.md is generated from this table. */
export const VERBS: readonly Verb[] = [
  declareVerb({
    verb: 'status',
    summary: 'Tells how the device and its agents are, in few words.',
    lane: 'read',
    repeatable: true,
    deadlineMs: READ_DEADLINE_MS,
    args: z.strictObject({ agent: someAgent }),
    run: ({ agent }, { controls }) => {
      const { version, mode, logLevel } = controls;
      const agents = chosen(controls, agent).map(describeAgent);
      return ok({ version, mode, logLevel, ...describeDevice(controls.health()), agents });
    },
  }),
  declareVerb({
    verb: 'diagnose',
    summary: 'Tells everything that helps to find a cause: counters, restarts, samples of refused messages.',
    lane: 'read',
    repeatable: true,
    deadlineMs: READ_DEADLINE_MS,
    args: z.strictObject({ agent: someAgent }),
    run: ({ agent }, { controls }) => {
      const { agents: _, ...device } = controls.health();
      const agents = chosen(controls, agent).map((one) => ({
        ...{ ...one.status(), ...one.diagnose() },
        ...(one.rollouts === undefined ? {} : { rollout: one.rollouts.record() }),
      }));
      return ok({ version: controls.version, mode: controls.mode, logLevel: controls.logLevel, device, agents });
    },
  }),
  declareVerb({
    verb: 'infer',
    summary: 'Runs one window through the model and answers with the scores; raises no alarm.',
    lane: 'infer',
    repeatable: false,
    deadlineMs: INFER_DEADLINE_MS,
    args: z.strictObject({
      agent: onlyAgent,
      values: z.array(finite).min(1).max(MAX_VALUES).describe('window x channels numbers, sample by sample'),
      key: z.string().min(1).max(MAX_NAME).optional().describe('which sensor it is from, for logs'),
    }),
    run: async ({ agent, values, key }, { controls }) => {
      const one = onlyOne(controls, agent);
      if (!one.ok) return one;
      const inference = await one.value.infer(Float32Array.from(values), key);
      return inference.ok ? ok({ agent: one.value.name, ...inference.value }) : inference;
    },
  }),
  declareVerb({
    verb: 'reload',
    summary: 'Reads the configuration again, and tells which fields took effect and which need a restart.',
    lane: 'control',
    repeatable: false,
    deadlineMs: RELOAD_DEADLINE_MS,
    args: z.strictObject({}),
    run: (_, { controls, signal }) => controls.reload(signal),
  }),
  declareVerb({
    verb: 'sleep',
    summary: 'Stops looking at messages, for a while or until `wake`.',
    lane: 'control',
    repeatable: false,
    deadlineMs: READ_DEADLINE_MS,
    args: z.strictObject({
      agent: someAgent,
      for: z
        .union([z.int(), z.string().max(MAX_NAME)])
        .transform((text, context) => {
          const ms = parsePeriod(text);
          if (ms === undefined) context.addIssue('must be 1 ms to 30 days: milliseconds, or ISO 8601 as PT30M');
          return ms;
        })
        .optional()
        .describe('milliseconds, or an ISO 8601 duration (PT30M), at most 30 days; left out: until `wake`'),
    }),
    run: ({ agent, for: forMs }, { controls, nowMs }) => {
      const untilMs = forMs === undefined ? undefined : nowMs + forMs;
      const agents = chosen(controls, agent);
      for (const one of agents) one.sleep(untilMs);
      return ok({ agents: agents.map(({ name }) => name), until: untilMs && new Date(untilMs).toISOString() });
    },
  }),
  declareVerb({
    verb: 'wake',
    summary: 'Ends a sleep.',
    lane: 'control',
    repeatable: true,
    deadlineMs: READ_DEADLINE_MS,
    args: z.strictObject({ agent: someAgent }),
    run: ({ agent }, { controls }) => {
      const agents = chosen(controls, agent);
      for (const one of agents) one.wake();
      return ok({ agents: agents.map(({ name }) => name) });
    },
  }),
  declareVerb({
    verb: 'loglevel',
    summary: 'Sets how much is logged, until the next reload or restart.',
    lane: 'control',
    repeatable: true,
    deadlineMs: READ_DEADLINE_MS,
    args: z.strictObject({ level: z.enum(LOG_LEVELS).describe('the least important level that is written') }),
    run: ({ level }, { controls }) => {
      const before = controls.logLevel;
      controls.setLogLevel(level);
      return ok({ level, before });
    },
  }),
  ...MODEL_VERBS,
];
