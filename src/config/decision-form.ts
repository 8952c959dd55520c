import { z } from 'zod';
import { checkUnique, crossCheck } from './cross-check.ts';
import { count, duration, field, name, topicTemplate } from './fields.ts';
import { MAX_ACTION_LENGTH, MAX_ALARMS, MAX_LABELS, MAX_PERIOD_MS, MAX_VOTES } from './limits.ts';

const live = { reloadable: true };
const LABEL_LENGTH = 128;

const action = z.strictObject({
  topic: field(
    topicTemplate(),
    'Where the action is published; {thing}, {agent} and {key} are filled in. The bus may stand before it, as for inputs.',
    live,
  ),
  payload: field(z.string().max(MAX_ACTION_LENGTH), 'What is published, as it stands.', live),
});

const shape = z.strictObject({
  name: field(name(), 'Name of the rule; part of the id of its alarms.', live),
  severity: field(z.enum(['info', 'warning', 'critical']).prefault('warning'), 'How bad it is.', live),
  labels: field(
    z.array(z.string().min(1).max(LABEL_LENGTH)).min(1).max(MAX_LABELS).optional(),
    'Classification: the signal is the sum of the scores of these labels. Left out: the value of the model itself.',
    live,
  ),
  direction: field(z.enum(['above', 'below']).prefault('above'), 'On which side of `raise` the alarm is.', live),
  raise: field(z.number(), 'A signal at or beyond it counts towards the alarm.', live),
  clear: field(
    z.number().optional(),
    'A signal short of it counts towards the end of the alarm; between the two nothing changes. As `raise` if left out.',
    live,
  ),
  k: field(count(MAX_VOTES).prefault(4), 'So many of the last n windows must agree, to raise and to clear.', live),
  n: field(count(MAX_VOTES).prefault(5), 'How many windows have a vote.', live),
  cooldown: field(
    duration({ min: 0, max: MAX_PERIOD_MS }).prefault('60s'),
    'After an alarm of a sensor, the next one of this rule waits so long at least.',
    live,
  ),
  action: field(action.optional(), 'Published with the alarm, to an actuator, at least once.', live),
});

const alarmForm = [checkHysteresis, checkVotes, checkScores].reduce((form, add) => add(form), shape);

function checkHysteresis(form: typeof shape) {
  return crossCheck(form, ['direction', 'raise', 'clear'], ({ direction, raise, clear = raise }, report) => {
    if (direction === 'above' ? clear > raise : clear < raise) {
      const side = direction === 'above' ? 'at most' : 'at least';
      report(['clear'], `must be ${side} raise (${raise}) when the direction is ${direction}, is ${clear}`);
    }
  });
}

function checkVotes(form: typeof shape) {
  return crossCheck(form, ['k', 'n'], ({ k, n }, report) => {
    if (k > n) report(['k'], `must be at most n (${n}), is ${k}: it could never be reached`);
  });
}

/** Scores of labels sum up to 1, so a limit outside could never, or always, be reached. */
function checkScores(form: typeof shape) {
  return crossCheck(form, ['labels', 'raise', 'clear'], ({ labels, raise, clear }, report) => {
    if (labels === undefined) return;
    for (const [which, limit] of Object.entries({ raise, clear })) {
      if (limit !== undefined && (limit < 0 || limit > 1)) {
        report([which], `must be between 0 and 1, the range of scores, is ${limit}`);
      }
    }
  });
}

export const decisionForm = crossCheck(
  z.strictObject({
    floor: field(
      z.number().min(0).max(1).prefault(0.5),
      'Classification: when the best score is lower, the outcome is `uncertain`.',
      live,
    ),
    alarms: field(
      z.array(alarmForm).max(MAX_ALARMS).optional(),
      'Rules that raise and clear alarms. Left out: the rule `bearing-fault` for the shipped model of that name, none for others.',
      live,
    ),
  }),
  [],
  (decisions, report, sound) => {
    checkUnique((decisions as { alarms?: unknown }).alarms, 'name', ['alarms'], report, sound);
  },
);

export type AlarmForm = z.output<typeof alarmForm>;

/** Four windows of five must hold 80 % of fault before anyone is called: one odd window, or a coin toss, raises nothing. */
export const BEARING_ALARM: AlarmForm = alarmForm.parse({
  name: 'bearing-fault',
  severity: 'critical',
  labels: ['inner', 'outer', 'ball'],
  raise: 0.8,
  clear: 0.5,
});
