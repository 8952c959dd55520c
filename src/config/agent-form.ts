import { z } from 'zod';
import { DEVICES } from '../domain/agent-spec.ts';
import {
  checkDevice,
  checkImage,
  checkInline,
  checkInputs,
  checkIsolation,
  checkModel,
  checkPermissions,
} from './agent-checks.ts';
import { decisionForm } from './decision-form.ts';
import { count, duration, field, name, path, size, topicTemplate } from './fields.ts';
import { inputForm } from './input-form.ts';
import {
  MAX_BATCH,
  MAX_HOP,
  MAX_INPUTS,
  MAX_KEYS,
  MAX_PERIOD_MS,
  MAX_QUEUE,
  MAX_RUNNER_BYTES,
  MAX_THREADS,
  MAX_TIMER_MS,
  MIN_RUNNER_BYTES,
} from './limits.ts';

export const DEFAULT_DEADLINE = '1s';
export const DEFAULT_PACKAGE = 'bearing-fault';

const threads = wanted((cpu: number) => {
  if (Number.isInteger(cpu)) return undefined;
  return 'must be a whole number of threads; a share of a core is not honoured yet';
});
const wholeGpu = wanted((gpu: number | boolean) => {
  return Number(gpu) === 0 || Number(gpu) === 1 ? undefined : 'must be 0 or 1: a model runs on one whole GPU';
});

const resources = z.strictObject({
  cpu: field(
    z.number().positive().max(MAX_THREADS).superRefine(threads).prefault(1),
    'Threads that the model computes on: a whole number.',
  ),
  memory: field(
    size({ min: MIN_RUNNER_BYTES, max: MAX_RUNNER_BYTES }).optional(),
    'Resident memory of the model process; beyond it, it is restarted. Left out: not limited.',
  ),
  gpu: field(
    z.union([z.boolean(), z.number()], { error: 'must be 0 or 1' }).superRefine(wholeGpu).optional(),
    'GPUs for the model: 0 or 1. 1 means the device cuda, and the agent does not start without it.',
  ),
});

/** Refuses what is understood, but cannot be honoured. */
function wanted<T>(problemOf: (value: T) => string | undefined) {
  return (value: T, ctx: z.core.$RefinementCtx) => {
    const message = problemOf(value);
    if (message !== undefined) ctx.addIssue({ code: 'custom', message, params: { unsupported: true } });
  };
}

const model = z.strictObject({
  package: field(
    name().optional(),
    'Name of a model: one that is shipped, `bearing-fault` or `turbofan-rul`, or with `rollouts` any that a rollout brings. Not beside `path`.',
    { default: DEFAULT_PACKAGE },
  ),
  path: field(path().optional(), 'Folder of a model package; relative ones start at the folder of this file.'),
  variant: field(name().optional(), 'Id of the variant to load. Left out: the first small one.'),
  device: field(
    z.enum(DEVICES).optional(),
    'Where the model computes. `auto`: the best that works. `cuda` if resources.gpu is 1.',
    { default: 'cpu' },
  ),
});

const window = z.strictObject({
  hop: field(count(MAX_HOP).optional(), "Samples between the starts of two windows. Left out: the manifest's.", {
    unit: 'samples',
  }),
  gap: field(
    duration({ min: 1, max: MAX_PERIOD_MS }).prefault('10s'),
    'A longer pause between two readings of a sensor empties its window.',
  ),
  maxKeys: field(count(MAX_KEYS).prefault(1000), 'Sensors that are kept; the one unheard for longest goes first.'),
});

const outputs = z.strictObject({
  results: field(
    z.enum(['direct', 'outbox', 'none']).prefault('direct'),
    'How results leave. `direct`: at once, lost while offline. `outbox`: durable, at least once. Alarms are always durable.',
  ),
  resultTopic: field(
    topicTemplate().prefault('dt/edge-agent/{thing}/inference'),
    'Where results go; {thing}, {agent} and {key} are filled in. The bus may stand before it, as for inputs.',
  ),
  alarmTopic: field(
    topicTemplate().prefault('dt/edge-agent/{thing}/alarm'),
    'Where alarms go; {thing}, {agent} and {key} are filled in. The bus may stand before it, as for inputs.',
  ),
});

const batch = z.strictObject({
  max: field(
    count(MAX_BATCH).prefault(128),
    'Windows in one run of the model at most. A run is kept under 50 ms besides, by what was measured at load.',
    { unit: 'windows' },
  ),
  wait: field(
    duration({ min: 0, max: 10_000 }).prefault(0),
    'Waits so long for more windows. 0: what is there already, which is best for latency and throughput.',
  ),
});

const queue = z.strictObject({
  max: field(
    count(MAX_QUEUE).prefault(1024),
    'Windows that wait for the model at most; beyond it the oldest of the sensor with the most goes, and is counted.',
    { unit: 'windows' },
  ),
});

const runner = z.strictObject({
  deadline: field(
    duration({ min: 1, max: MAX_TIMER_MS }).optional(),
    'A run of the model that takes longer costs its process the life. Not possible with the isolation none.',
    { default: DEFAULT_DEADLINE },
  ),
});

/** One virtual bearing after another, as `simulate sensors` publishes them. */
const BEARING_INPUT = { topic: 'sensors/+/vibration', time: { pointer: '/ts' } };

const shape = z.strictObject({
  name: field(name(), 'Name of the agent, unique on this device.'),
  container: field(
    z.string().min(1).optional(),
    "Name of the process that holds this agent's model, in logs, shadow and process list. Left out: the agent's name.",
  ),
  resources: field(resources.prefault({}), 'What the model process may use.'),
  permissions: field(
    z.array(z.enum(['network', 'storage'])).optional(),
    'Everything the model process may do; what is not in the list is denied, which needs `isolated: true`. Left out: nothing in a sandbox, else both.',
  ),
  isolated: field(z.boolean().optional(), 'true: the model runs in a sandbox. The short form of `isolation: sandbox`.'),
  isolation: field(
    z.enum(['none', 'process', 'sandbox']).optional(),
    '`none`: in the agent itself. `process`: in a process of its own. `sandbox`: in one that can reach nothing but what `permissions` grant.',
    { default: 'process' },
  ),
  inputs: field(z.array(inputForm).min(1).max(MAX_INPUTS).prefault([BEARING_INPUT]), 'What the agent listens to.'),
  model: field(model.prefault({}), 'What the agent thinks with.'),
  window: field(window.prefault({}), 'How readings become what the model sees.'),
  decisions: field(decisionForm.prefault({}), 'What follows from the scores.'),
  outputs: field(outputs.prefault({}), 'What leaves the device.'),
  batch: field(batch.prefault({}), 'How many windows the model gets at once.'),
  queue: field(queue.prefault({}), 'How many windows wait.'),
  runner: field(runner.prefault({}), 'The process that runs the model.'),
});

export type AgentShape = typeof shape;
export type AgentForm = z.output<AgentShape>;

export const agentForm = [
  checkImage,
  checkInputs,
  checkIsolation,
  checkPermissions,
  checkInline,
  checkModel,
  checkDevice,
].reduce((form, add) => add(form), shape);
