import type { InputSpec } from '../../../src/domain/agent-spec.ts';

/** An input as the configuration's defaults make it, but for what a test names. */
export function anInput(change: Partial<InputSpec> = {}): InputSpec {
  return {
    topic: 'sensors/+/vibration',
    qos: 0,
    format: 'json',
    values: ['/values'],
    time: undefined,
    key: { topicLevel: 1 },
    maxPayloadBytes: 4096,
    ...change,
  };
}
