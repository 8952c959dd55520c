/**
 * The one table of what the agent counts and measures. Names are stable: dashboards match on them.
 * `scope: agent` exists once a configured agent, `bus` once a bus, `device` once a process. docs/reference/metrics.md is generated from it.
 */
export const METRICS = {
  // What came in
  messages: { scope: 'agent', type: 'counter', unit: '', help: 'Messages received from the inputs' },
  readings: { scope: 'agent', type: 'counter', unit: '', help: 'Messages decoded to readings' },
  badInputs: { scope: 'agent', type: 'counter', unit: '', help: 'Messages refused, by reason' },
  asleepReadings: {
    scope: 'agent',
    type: 'counter',
    unit: '',
    help: 'Messages not looked at, because the agent slept',
  },
  gaps: { scope: 'agent', type: 'counter', unit: '', help: 'Windows emptied by a pause longer than the gap limit' },
  keysEvicted: { scope: 'agent', type: 'counter', unit: '', help: 'Keys forgotten, because there were too many' },

  // What the model did
  windows: { scope: 'agent', type: 'counter', unit: '', help: 'Windows completed' },
  windowsDropped: { scope: 'agent', type: 'counter', unit: '', help: 'Windows pushed out of the full queue' },
  batches: { scope: 'agent', type: 'counter', unit: '', help: 'Batches given to the runner' },
  inferences: { scope: 'agent', type: 'counter', unit: '', help: 'Windows answered by the model' },
  windowsFailed: {
    scope: 'agent',
    type: 'counter',
    unit: '',
    help: 'Windows without an answer, because their batch failed',
  },
  runnerRestarts: { scope: 'agent', type: 'counter', unit: '', help: 'Restarts of the model runner' },

  // What was concluded
  uncertain: { scope: 'agent', type: 'counter', unit: '', help: 'Outcomes under the floor' },
  results: { scope: 'agent', type: 'counter', unit: '', help: 'Results handed to the bus or the outbox' },
  resultsDropped: {
    scope: 'agent',
    type: 'counter',
    unit: '',
    help: 'Results lost, because the bus was offline or choked',
  },
  alarmsRaised: { scope: 'agent', type: 'counter', unit: '', help: 'Alarms that began' },
  alarmsCleared: { scope: 'agent', type: 'counter', unit: '', help: 'Alarms that ended' },
  actions: { scope: 'agent', type: 'counter', unit: '', help: 'Messages to actuators' },
  actionsWithheld: {
    scope: 'agent',
    type: 'counter',
    unit: '',
    help: 'Messages to actuators not sent in mode observe',
  },

  // How an agent is
  latency: {
    scope: 'agent',
    type: 'quantiles',
    unit: 'seconds',
    help: 'From the arrival of the last sample to the decision',
  },
  queueDepth: { scope: 'agent', type: 'gauge', unit: '', help: 'Windows that wait for the runner' },
  keys: { scope: 'agent', type: 'gauge', unit: '', help: 'Keys with a window' },
  alarmsActive: { scope: 'agent', type: 'gauge', unit: '', help: 'Keys in alarm' },
  runnerRss: { scope: 'agent', type: 'gauge', unit: 'bytes', help: 'Resident memory of the runner process' },
  waiting: { scope: 'agent', type: 'gauge', unit: '', help: '1 while the agent waits for its first model, else 0' },
  serving: { scope: 'agent', type: 'gauge', unit: '', help: '1 when the agent answers windows, else 0' },

  // Commands, shadow, sending
  commandsAccepted: { scope: 'device', type: 'counter', unit: '', help: 'Commands accepted' },
  commandsSucceeded: { scope: 'device', type: 'counter', unit: '', help: 'Commands that succeeded' },
  commandsFailed: { scope: 'device', type: 'counter', unit: '', help: 'Commands that were started and failed' },
  commandsRejected: { scope: 'device', type: 'counter', unit: '', help: 'Commands refused' },
  commandsRepeated: {
    scope: 'device',
    type: 'counter',
    unit: '',
    help: 'Commands that came again, not executed again',
  },
  repliesWithheld: {
    scope: 'device',
    type: 'counter',
    unit: '',
    help: 'Rejections not answered: too many, or nowhere to reply to',
  },
  shadowReports: { scope: 'device', type: 'counter', unit: '', help: 'Shadow reports accepted' },
  shadowFailures: { scope: 'device', type: 'counter', unit: '', help: 'Shadow reports refused or not acknowledged' },
  delivered: { scope: 'device', type: 'counter', unit: '', help: 'Outbox messages acknowledged for good by their bus' },
  sendFailures: { scope: 'device', type: 'counter', unit: '', help: 'Attempts to send an outbox message that failed' },
  outboxDropped: { scope: 'device', type: 'counter', unit: '', help: 'Outbox messages dropped, because it was full' },

  // How the device is
  outboxRows: { scope: 'device', type: 'gauge', unit: '', help: 'Messages in the outbox' },
  outboxSize: { scope: 'device', type: 'gauge', unit: 'bytes', help: 'Outbox database in use' },
  outboxQuarantined: {
    scope: 'device',
    type: 'gauge',
    unit: '',
    help: 'Outbox messages set aside after too many attempts',
  },
  outboxDamaged: { scope: 'device', type: 'gauge', unit: '', help: 'Outbox messages set aside for a wrong checksum' },
  busOnline: { scope: 'bus', type: 'gauge', unit: '', help: '1 when the bus is connected, else 0' },
  rss: { scope: 'device', type: 'gauge', unit: 'bytes', help: 'Resident memory of the agent process' },
  eventLoopDelay: {
    scope: 'device',
    type: 'gauge',
    unit: 'seconds',
    help: 'Delay of the event loop, p99 of the running minute',
  },
  uptime: { scope: 'device', type: 'gauge', unit: 'seconds', help: 'Time since the start' },
} as const satisfies Record<
  string,
  {
    scope: 'agent' | 'bus' | 'device';
    type: 'counter' | 'gauge' | 'quantiles';
    unit: '' | 'bytes' | 'seconds';
    help: string;
  }
>;

export type MetricName = keyof typeof METRICS;

type NamesWith<Scope, Type> = {
  [Name in MetricName]: (typeof METRICS)[Name] extends { scope: Scope; type: Type } ? Name : never;
}[MetricName];

/** Counters taken from elsewhere when asked for: the runner and the outbox count these themselves. */
type Borrowed = 'badInputs' | 'runnerRestarts' | 'outboxDropped';
export type AgentCounter = Exclude<NamesWith<'agent', 'counter'>, Borrowed>;
export type DeviceCounter = Exclude<NamesWith<'device', 'counter'>, Borrowed>;

const BORROWED: ReadonlySet<string> = new Set(['badInputs', 'runnerRestarts', 'outboxDropped'] satisfies Borrowed[]);

export const AGENT_COUNTERS = countersOf('agent') as readonly AgentCounter[];
export const DEVICE_COUNTERS = countersOf('device') as readonly DeviceCounter[];

/** One value of one metric, for a scraper. */
export type Sample = {
  readonly name: MetricName;
  readonly labels: Readonly<Partial<Record<'agent' | 'bus' | 'reason' | 'quantile', string>>>;
  readonly value: number;
};

function countersOf(scope: 'agent' | 'device'): string[] {
  return Object.entries(METRICS)
    .filter(([name, metric]) => metric.scope === scope && metric.type === 'counter' && !BORROWED.has(name))
    .map(([name]) => name);
}
