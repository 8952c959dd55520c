import { z } from 'zod';
import { fail, failure, ok, type Result } from '../../domain/errors.ts';
import type { RolloutOutcome } from '../../domain/rollout.ts';
import { chosen, onlyAgent, onlyOne, READ_DEADLINE_MS, someAgent } from './choice.ts';
import type { AgentControls, RolloutControl } from './controls.ts';
import { describeOutcome, describeRollout } from './describe.ts';
import { MAX_LIFETIME_MS } from './envelope.ts';
import { declareVerb, type Ended, type Verb } from './verb.ts';

/** A probation may last hours. No command lives longer than this, so nobody waits for its answer any more. */
const ROLLOUT_DEADLINE_MS = MAX_LIFETIME_MS;
/** The way back may have to wait for a runner to load a model on a busy device, again and again. */
const UNDO_DEADLINE_MS = 10 * 60_000;
/** Its slot counts the crashes by itself: it joins again after every restart, within reason. */
const ROLLOUT_ATTEMPTS = 100;
/** Arguments of 2 KB are kept over a restart (journal.ts): the path must be among them. */
const MAX_SOURCE = 1_024;
/** The slots of 64 agents with all their history still fit a reply. */
const QUARANTINED_SHOWN = 3;
const PACKAGES_SHOWN = 8;

const source = z
  .string()
  .max(MAX_SOURCE)
  .regex(/^\/[^\0]*$/, 'must be an absolute path on the device')
  .describe('absolute path on the device: a package as a folder, or as a zip');

/** What can be done about an agent's model. */
export const MODEL_VERBS: readonly Verb[] = [
  declareVerb({
    verb: 'model.rollout',
    summary:
      'Tries a model package beside the active one, and answers with the outcome once it is committed; fails when it is not.',
    lane: 'rollout',
    repeatable: true,
    attempts: ROLLOUT_ATTEMPTS,
    deadlineMs: ROLLOUT_DEADLINE_MS,
    args: z.strictObject({
      agent: onlyAgent,
      source,
      force: z.boolean().default(false).describe('although this version was found bad here before'),
    }),
    run: async ({ agent, source, force }, { controls, id }) => {
      const slot = slotOf(controls, agent);
      if (!slot.ok) return slot;
      return told(slot.value, await slot.value.rollouts.request({ id, source, force }), 'committed');
    },
  }),
  declareVerb({
    verb: 'model.rollback',
    summary: 'Goes back to the previous model, and remembers the one that is left as bad.',
    lane: 'undo',
    repeatable: false,
    deadlineMs: UNDO_DEADLINE_MS,
    args: z.strictObject({ agent: onlyAgent }),
    run: async ({ agent }, { controls, id }) => {
      const slot = slotOf(controls, agent);
      if (!slot.ok) return slot;
      return told(slot.value, await slot.value.rollouts.rollBack(id), 'rolledBack');
    },
  }),
  declareVerb({
    verb: 'model.cancel',
    summary: 'Ends the rollout under way without blame; after the swap the previous model comes back.',
    lane: 'undo',
    repeatable: false,
    deadlineMs: UNDO_DEADLINE_MS,
    args: z.strictObject({ agent: onlyAgent }),
    run: async ({ agent }, { controls }) => {
      const slot = slotOf(controls, agent);
      if (!slot.ok) return slot;
      const cancelled = await slot.value.rollouts.cancel();
      return cancelled.ok ? ok({ agent: slot.value.agent, ...describeSlot(slot.value.rollouts) }) : cancelled;
    },
  }),
  declareVerb({
    verb: 'model.list',
    summary:
      'Tells the models of each slot: active, previous and tried ones, bad ones, and how the last rollout ended.',
    lane: 'read',
    repeatable: true,
    deadlineMs: READ_DEADLINE_MS,
    args: z.strictObject({ agent: someAgent }),
    run: async ({ agent }, { controls }) => {
      const slots = chosen(controls, agent).flatMap(({ name, modelName, rollouts }) =>
        rollouts === undefined ? [] : [{ name, modelName, rollouts }],
      );
      if (slots.length === 0) return disabled(agent);
      const agents = slots.map(async ({ name, modelName, rollouts }) => {
        const packages = (await rollouts.list()).slice(-PACKAGES_SHOWN);
        const shown = packages.map(({ name, version, release }) => ({ name, version, release }));
        const model = { configured: modelName, active: rollouts.record().active?.name };
        return { agent: name, model, ...describeSlot(rollouts), packages: shown };
      });
      return ok({ agents: await Promise.all(agents) });
    },
  }),
];

type Slot = { readonly agent: string; readonly rollouts: RolloutControl };

function slotOf(controls: AgentControls, name: string | undefined): Result<Slot> {
  const one = onlyOne(controls, name);
  if (!one.ok) return one;
  const { rollouts } = one.value;
  return rollouts === undefined ? disabled(one.value.name) : ok({ agent: one.value.name, rollouts });
}

function disabled(agent: string | undefined) {
  return fail('E_ROLLOUT_DISABLED', agent);
}

/** The outcome is told either way; it is a success only when it is the one that was wanted. */
function told({ agent, rollouts }: Slot, ended: Result<RolloutOutcome>, wanted: RolloutOutcome['outcome']): Ended {
  if (!ended.ok) return ended;
  const { outcome, code = 'E_COMMAND_FAILED', reason } = ended.value;
  const result = { agent, active: rollouts.record().active?.version, ...describeOutcome(ended.value) };
  if (outcome === wanted) return ok(result);
  return { ok: false, error: reason === '' ? failure(code, outcome) : { code, message: reason }, result };
}

function describeSlot(rollouts: RolloutControl) {
  const record = rollouts.record();
  const { request, queued, last, quarantine, sinceMs } = record;
  return {
    ...describeRollout(record),
    sinceMs,
    // By these a sender finds its own rollout again.
    requestId: request?.id,
    queuedId: queued?.id,
    lastId: last?.id,
    quarantined: quarantine
      .slice(-QUARANTINED_SHOWN)
      .map(({ ref, reason, sinceMs }) => ({ version: ref.version, reason, sinceMs })),
  };
}
