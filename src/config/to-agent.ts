import type { AgentSpec, AlarmRule, InputSpec, RunnerSpec } from '../domain/agent-spec.ts';
import { deviceOf, isolationOf } from './agent-checks.ts';
import { type AgentForm, DEFAULT_DEADLINE, DEFAULT_PACKAGE } from './agent-form.ts';
import { type AlarmForm, BEARING_ALARM } from './decision-form.ts';
import { DEFAULT_VALUES, type InputForm } from './input-form.ts';
import { parseDuration } from './parse-duration.ts';

export function toAgent(form: AgentForm): AgentSpec {
  const path = modelPath(form.model);
  const alarms = form.decisions.alarms ?? (path === DEFAULT_PACKAGE ? [BEARING_ALARM] : []);
  return {
    name: form.name,
    inputs: form.inputs.map(toInput),
    model: { path, variant: form.model.variant, device: deviceOf(form) },
    window: { hop: form.window.hop, gapMs: form.window.gap, maxKeys: form.window.maxKeys },
    decisions: { floor: form.decisions.floor, alarms: alarms.map(toAlarm) },
    outputs: form.outputs,
    batch: { max: form.batch.max, waitMs: form.batch.wait },
    queue: form.queue,
    runner: toRunner(form),
  };
}

/** A name without a slash is a shipped package, so a folder gets one. */
function modelPath({ path, package: shipped }: AgentForm['model']): string {
  if (path === undefined) return shipped ?? DEFAULT_PACKAGE;
  return path.includes('/') ? path : `./${path}`;
}

function toInput({ topic, qos, format, values, time, key, maxPayloadBytes }: InputForm): InputSpec {
  return {
    topic,
    qos,
    format,
    values: format === 'f32le' ? [] : [values ?? DEFAULT_VALUES].flat(),
    time: time === 'arrival' ? undefined : time,
    key: key.pointer === undefined ? { topicLevel: key.topicLevel ?? 0 } : { pointer: key.pointer },
    maxPayloadBytes,
  };
}

function toAlarm({ cooldown, clear, labels, action, ...rule }: AlarmForm): AlarmRule {
  return { ...rule, labels, clear: clear ?? rule.raise, cooldownMs: cooldown, action };
}

function toRunner(form: AgentForm): RunnerSpec {
  const isolation = isolationOf(form);
  const allowed = (permission: 'network' | 'storage') =>
    form.permissions?.includes(permission) ?? isolation !== 'sandbox';
  return {
    isolation,
    threads: form.resources.cpu,
    deadlineMs: form.runner.deadline ?? (parseDuration(DEFAULT_DEADLINE) as number),
    memoryBytes: form.resources.memory,
    network: allowed('network'),
    storage: allowed('storage'),
    label: form.container ?? form.name,
  };
}
