/**
 * What one agent is configured to do, already validated, with every default filled in. Times are in milliseconds and
 * sizes in bytes, whatever the configuration file wrote. config/to-agent.ts makes it.
 */
export type AgentSpec = {
  readonly name: string;
  readonly inputs: readonly InputSpec[];
  readonly model: ModelSpec;
  readonly window: WindowSpec;
  readonly decisions: DecisionSpec;
  readonly outputs: OutputSpec;
  readonly batch: BatchSpec;
  readonly queue: QueueSpec;
  readonly runner: RunnerSpec;
};

export type InputSpec = {
  /** MQTT topic filter. */
  readonly topic: string;
  readonly qos: 0 | 1;
  /** json and cbor take their values by JSON pointers; f32le payloads are nothing but little-endian float32. */
  readonly format: 'json' | 'cbor' | 'f32le';
  /** One pointer a channel; each finds a number or an array of numbers. One pointer may find the rows of all channels. */
  readonly values: readonly string[];
  /** Where the time of the last sample is; undefined: the moment of arrival. */
  readonly time: { readonly pointer: string; readonly unit: 's' | 'ms' | 'us' | 'iso' } | undefined;
  /** Where the key is: a level of the topic (0 is the first) or a pointer into the payload. */
  readonly key: { readonly topicLevel: number } | { readonly pointer: string };
  readonly maxPayloadBytes: number;
};

/** Where a model can be asked to compute. Whether one of them works here, only a real session tells (doctor). */
export const DEVICES = [
  'auto',
  'cpu',
  'cuda',
  'tensorrt',
  'webgpu',
  'npu',
  'openvino',
  'qnn',
  'hailo',
  'coral',
] as const;
export type Device = (typeof DEVICES)[number];

export type ModelSpec = {
  /** Folder of the package, or, without any slash, the name of a shipped package. */
  readonly path: string;
  readonly variant: string | undefined;
  readonly device: Device;
};

export type WindowSpec = {
  /** Samples between the starts of two windows; undefined: the manifest's hop. */
  readonly hop: number | undefined;
  /** A pause longer than this between two readings of a key empties its window. */
  readonly gapMs: number;
  /** How many keys are kept; the one unheard for longest goes first. */
  readonly maxKeys: number;
};

export type DecisionSpec = {
  /** Classification: under this score the outcome is `uncertain`. */
  readonly floor: number;
  readonly alarms: readonly AlarmRule[];
};

export type AlarmRule = {
  readonly name: string;
  readonly severity: 'info' | 'warning' | 'critical';
  /** Classification: the signal is the sum of the scores of these labels. Undefined: the value itself. */
  readonly labels: readonly string[] | undefined;
  readonly direction: 'above' | 'below';
  /** The signal that counts towards an alarm. */
  readonly raise: number;
  /** The signal that counts towards its end; between the two nothing changes (hysteresis). */
  readonly clear: number;
  /** k of the last n windows must agree, to raise and to clear. */
  readonly k: number;
  readonly n: number;
  /** After an alarm of a key, the next one of this rule waits this long at least. */
  readonly cooldownMs: number;
  /** Published with the alarm to an actuator topic, at least once. */
  readonly action: { readonly topic: string; readonly payload: string } | undefined;
};

export type OutputSpec = {
  /** Topic templates; {thing}, {agent} and {key} are filled in. */
  readonly resultTopic: string;
  readonly alarmTopic: string;
  /** `direct`: QoS 0 straight out, lost while offline. `outbox`: durable, at least once. `none`: not published. */
  readonly results: 'direct' | 'outbox' | 'none';
};

export type BatchSpec = {
  /** Windows in one run at most. */
  readonly max: number;
  /** Wait this long for more windows; 0: what one event-loop tick holds. */
  readonly waitMs: number;
};

export type QueueSpec = {
  /** Windows that wait for the runner at most; beyond it the oldest of the key with the most goes. */
  readonly max: number;
};

export type RunnerSpec = {
  readonly isolation: 'none' | 'process' | 'sandbox';
  readonly threads: number;
  readonly deadlineMs: number;
  /** Resident memory of the runner process; beyond it, it is restarted. Undefined: not limited. */
  readonly memoryBytes: number | undefined;
  readonly network: boolean;
  readonly storage: boolean;
  /** The runner's name in logs, shadow and process list (the configuration's `container`). */
  readonly label: string;
};
