import type { AgentSpec, AlarmRule, DecisionSpec, InputSpec } from '../../../src/domain/agent-spec.ts';
import type { Manifest } from '../../../src/domain/manifest.ts';
import { GATES_SCHEMA } from '../../../src/package/gates.ts';

export const THING = 'edge-1';

/** Of one value, the sum of two samples: what FakeRunner answers for the manifest below. */
export const WORN: AlarmRule = {
  name: 'worn',
  severity: 'critical',
  labels: undefined,
  direction: 'above',
  raise: 10,
  clear: 5,
  k: 1,
  n: 1,
  cooldownMs: 0,
  action: undefined,
};

export const STOP_IT: AlarmRule['action'] = { topic: 'actuators/{key}/speed', payload: '{"limit":0.5}' };

const INPUT: InputSpec = {
  topic: 'sensors/+/v',
  qos: 0,
  format: 'json',
  values: [''],
  time: undefined,
  key: { topicLevel: 1 },
  maxPayloadBytes: 4096,
};

type SpecChange = Partial<Omit<AgentSpec, 'decisions'>> & { readonly decisions?: Partial<DecisionSpec> };

/** An agent of windows of two samples, with one rule, whose results go straight out. */
export function aSpec({ decisions, ...change }: SpecChange = {}): AgentSpec {
  return {
    name: 'press',
    inputs: [INPUT],
    model: { path: 'sum', variant: undefined, device: 'cpu' },
    window: { hop: undefined, gapMs: 10_000, maxKeys: 100 },
    outputs: { resultTopic: 'dt/{thing}/{agent}/{key}', alarmTopic: 'alarm/{thing}/{key}', results: 'direct' },
    batch: { max: 4, waitMs: 0 },
    queue: { max: 8 },
    runner: {
      isolation: 'process',
      threads: 1,
      deadlineMs: 1000,
      memoryBytes: undefined,
      network: true,
      storage: true,
      label: 'press',
    },
    ...change,
    decisions: { floor: 0.5, alarms: [WORN], ...decisions },
  };
}

/** A regression of two samples to their sum. */
export function aManifest(change: Partial<Manifest> = {}): Manifest {
  return {
    schemaVersion: 1,
    name: 'sum',
    version: '1.0.0',
    task: 'regression',
    description: 'adds two numbers',
    input: { name: 'window', window: 2, hop: 2, channels: ['x'], channelAxis: false },
    output: { name: 'sum', labels: ['sum'] },
    variants: [],
    gates: GATES_SCHEMA.parse({ goldenTolerance: 0.001, latencyBudgetMs: 5 }),
    requires: { opset: 17 },
    ...change,
  };
}
