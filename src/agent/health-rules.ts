import type { DeviceFacts } from './health.ts';

/** `unhealthy` does not do its work; `degraded` does, and somebody should look. */
export type Verdict = 'healthy' | 'degraded' | 'unhealthy';

/** More refused messages than this share is a sensor or a topic gone wrong, not noise; few messages prove nothing. */
const BAD_INPUT_SHARE = 0.05;
const BAD_INPUT_AT_LEAST = 10;
/** The loop serves the bus: at this delay, latency is no longer in milliseconds; beyond the other, keep-alives fail. */
const LOOP_DELAY_MS = 100;
const LOOP_STALL_MS = 5_000;
/** The agent process alone; twice what it needs at full load is a leak. */
const RSS_BYTES = 512 * 1024 * 1024;

type Rule = {
  readonly name: string;
  readonly verdict: Exclude<Verdict, 'healthy'>;
  /** For people. */
  readonly when: string;
  /** What is wrong, one line each; nothing when all is well. */
  readonly broken: (facts: DeviceFacts) => readonly string[];
};

/** Every reason for not being healthy, the worst first. docs/reference/metrics.md is generated from it. */
export const HEALTH_RULES: readonly Rule[] = [
  {
    name: 'agent-refused',
    verdict: 'unhealthy',
    when: 'an agent cannot start: its model or its isolation is not there',
    broken: perAgent((agent) => agent.state === 'refused' && `cannot start: ${agent.problem?.message ?? 'unknown'}`),
  },
  {
    name: 'runner-down',
    verdict: 'unhealthy',
    when: 'a model runner ended and is being restarted',
    broken: perAgent(
      (agent) => agent.state === 'restarting' && `its model runner is down: ${agent.problem?.message ?? 'unknown'}`,
    ),
  },
  {
    name: 'loop-stalled',
    verdict: 'unhealthy',
    when: `p99 of the event loop delay is above ${LOOP_STALL_MS} ms`,
    broken: ({ loopDelayMs }) =>
      loopDelayMs.p99 > LOOP_STALL_MS ? [`the event loop stalls (${delay(loopDelayMs.p99)})`] : [],
  },
  {
    name: 'bus-offline',
    verdict: 'degraded',
    when: 'there is no connection to one of the buses',
    broken: ({ buses }) =>
      Object.entries(buses)
        .filter(([, { state }]) => state !== 'online')
        .map(([name, { state, error }]) => `the bus ${name} is ${state}${error === undefined ? '' : `: ${error}`}`),
  },
  {
    name: 'subscription-refused',
    verdict: 'degraded',
    when: 'one of the buses refuses a subscription: readings or commands of it do not come',
    broken: ({ buses }) =>
      Object.entries(buses).flatMap(([name, { state, error }]) =>
        state === 'online' && error !== undefined ? [`the bus ${name}: ${error}`] : [],
      ),
  },
  {
    name: 'outbox-drops',
    verdict: 'degraded',
    when: 'the outbox was full recently and dropped messages',
    broken: (facts) => count(facts.outboxDroppedRecently, 'outbox messages were dropped recently'),
  },
  {
    name: 'outbox-quarantine',
    verdict: 'degraded',
    when: 'the broker rejected a message again and again',
    broken: ({ outbox }) => count(outbox.quarantined, 'outbox messages are in quarantine'),
  },
  {
    name: 'outbox-damage',
    verdict: 'degraded',
    when: 'a message in the outbox has a wrong checksum',
    broken: ({ outbox }) => count(outbox.damaged, 'outbox messages are damaged'),
  },
  {
    name: 'agent-starting',
    verdict: 'degraded',
    when: 'an agent loads its model',
    broken: perAgent((agent) => agent.state === 'starting' && 'is starting'),
  },
  {
    name: 'agent-waiting',
    verdict: 'degraded',
    when: 'an agent has no model yet: a rollout has to bring the first one',
    broken: perAgent((agent) => agent.state === 'waiting' && 'waits for its first model'),
  },
  {
    name: 'windows-failed',
    verdict: 'degraded',
    when: 'a batch failed recently',
    broken: perAgent(({ metrics }) => some(metrics.recent.counts.windowsFailed, 'windows that failed recently')),
  },
  {
    name: 'windows-dropped',
    verdict: 'degraded',
    when: 'the queue was full recently and dropped windows',
    broken: perAgent(({ metrics }) => some(metrics.recent.counts.windowsDropped, 'windows that were dropped recently')),
  },
  {
    name: 'bad-input',
    verdict: 'degraded',
    when: `at least ${BAD_INPUT_AT_LEAST} messages, and ${BAD_INPUT_SHARE * 100} % of all, were refused recently`,
    broken: perAgent(({ metrics: { recent } }) => {
      const limit = Math.max(BAD_INPUT_AT_LEAST, BAD_INPUT_SHARE * recent.counts.messages);
      return recent.badInputs >= limit && `refused ${recent.badInputs} of ${recent.counts.messages} recent messages`;
    }),
  },
  {
    name: 'loop-slow',
    verdict: 'degraded',
    when: `p99 of the event loop delay is above ${LOOP_DELAY_MS} ms`,
    broken: ({ loopDelayMs: { p99 } }) =>
      p99 > LOOP_DELAY_MS && p99 <= LOOP_STALL_MS ? [`the event loop is late (${delay(p99)})`] : [],
  },
  {
    name: 'memory',
    verdict: 'degraded',
    when: `the agent process uses more than ${RSS_BYTES / 1024 / 1024} MB`,
    broken: ({ rssBytes }) =>
      rssBytes > RSS_BYTES ? [`the agent process uses ${Math.round(rssBytes / 1024 / 1024)} MB`] : [],
  },
];

/** Judges the facts by the rules. A sleeping agent is healthy. */
export function judge(facts: DeviceFacts): { readonly verdict: Verdict; readonly reasons: readonly string[] } {
  let verdict: Verdict = 'healthy';
  const reasons: string[] = [];
  for (const rule of HEALTH_RULES) {
    const broken = rule.broken(facts);
    if (broken.length === 0) continue;
    if (verdict !== 'unhealthy') verdict = rule.verdict;
    reasons.push(...broken.map((reason) => `${rule.name}: ${reason}`));
  }
  return { verdict, reasons };
}

function perAgent(of: (agent: DeviceFacts['agents'][number]) => string | false): Rule['broken'] {
  return ({ agents }) =>
    agents.flatMap((agent) => {
      const reason = of(agent);
      return reason === false ? [] : [`${agent.name} ${reason}`];
    });
}

function some(number: number, what: string): string | false {
  return number > 0 && `has ${number} ${what}`;
}

function count(number: number, what: string): readonly string[] {
  return number > 0 ? [`${number} ${what}`] : [];
}

function delay(ms: number): string {
  return `p99 ${Math.round(ms)} ms`;
}
