import { MAX_REPORTED_BYTES, type Reported } from './shadow-document.ts';

/** Agents shown one by one when there are too many for all of them. */
const AGENTS_SHOWN = 12;

type Agents = Reported['agents'];
type Trim = { readonly name: string; readonly trim: (reported: Reported) => Reported };

/** What goes, in this order, until the rest fits. What an operator acts upon goes last. */
const TRIMS: readonly Trim[] = [
  { name: 'counters', trim: eachAgent(({ counters: _, ...agent }) => agent) },
  { name: 'latencyMs', trim: eachAgent(({ latencyMs: _, ...agent }) => agent) },
  { name: 'thresholds', trim: ({ thresholds: _, ...reported }) => reported },
  { name: 'rollout evidence', trim: eachAgent(withoutEvidence) },
  {
    name: 'model details',
    trim: eachAgent(({ model, ...agent }) => ({
      ...agent,
      model: model && { name: model.name, version: model.version },
    })),
  },
  { name: 'last rollouts', trim: eachAgent(({ rollout, ...agent }) => ({ ...agent, rollout: withoutLast(rollout) })) },
  { name: 'agents that run well', trim: (reported) => onlyAgents(reported, needsAttention, AGENTS_SHOWN) },
  { name: 'agents', trim: (reported) => onlyAgents(reported, () => false, 0) },
  { name: 'health reasons', trim: ({ health, ...reported }) => ({ ...reported, health: { ...health, reasons: [] } }) },
  { name: 'desiredErrors', trim: ({ desiredErrors: _, ...reported }) => reported },
];

/** Beside what is reported, an answer of the service holds what is desired, a version, a token, and its topic. */
const REST_OF_ANSWER_BYTES = 500;
/** As long as {"timestamp":1767225600}, which stands for each value in the metadata. */
const TIME = 'x'.repeat(22);

/** Leaves out optional sections, in the order of TRIMS, until the document and an answer that holds it are small enough. */
export function fitShadow(reported: Reported, maxAnswerBytes = Number.POSITIVE_INFINITY): Reported {
  let fitting = reported;
  const trimmed: string[] = [];
  for (const { name, trim } of TRIMS) {
    if (bytesOf(fitting) <= MAX_REPORTED_BYTES && answerBytes(fitting) <= maxAnswerBytes) break;
    trimmed.push(name);
    fitting = { ...trim(fitting), trimmed };
  }
  return fitting;
}

function bytesOf(document: Reported): number {
  return Buffer.byteLength(JSON.stringify(document));
}

/** A shadow service tells each value twice: as it is, and as the time at which it was set. */
function answerBytes(document: Reported): number {
  const times = JSON.stringify(document, (_, value) => {
    return value === undefined || (typeof value === 'object' && value !== null) ? value : TIME;
  });
  return bytesOf(document) + Buffer.byteLength(times) + REST_OF_ANSWER_BYTES;
}

function eachAgent(trim: (agent: Agents[string]) => Agents[string]): Trim['trim'] {
  return (reported) => ({
    ...reported,
    agents: Object.fromEntries(Object.entries(reported.agents).map(([name, agent]) => [name, trim(agent)])),
  });
}

function onlyAgents(reported: Reported, keep: (agent: Agents[string]) => boolean, limit: number): Reported {
  const all = Object.entries(reported.agents);
  const shown = all.filter(([, agent]) => keep(agent)).slice(0, limit);
  const omitted = (reported.agentsOmitted ?? 0) + all.length - shown.length;
  return { ...reported, agents: Object.fromEntries(shown), agentsOmitted: omitted };
}

function withoutEvidence({ rollout, ...agent }: Agents[string]): Agents[string] {
  if (rollout?.last === undefined) return { ...agent, rollout };
  const { evidence: _, ...last } = rollout.last;
  return { ...agent, rollout: { ...rollout, last } };
}

function withoutLast(rollout: Agents[string]['rollout']): Agents[string]['rollout'] {
  if (rollout === undefined) return undefined;
  const { last: _, ...rest } = rollout;
  return rest;
}

function needsAttention({ state, alarmsActive, rollout }: Agents[string]): boolean {
  return state !== 'running' || alarmsActive > 0 || (rollout !== undefined && rollout.state !== 'idle');
}
