import type { AlarmRule } from '../domain/agent-spec.ts';
import type { AlarmChange, Outcome } from '../domain/decision.ts';
import type { Window } from '../domain/reading.ts';

/** Who speaks: the parts of a message that stay the same while a model is active. */
export type Speaker = {
  readonly thing: string;
  readonly agent: string;
  readonly model: { readonly name: string; readonly version: string; readonly variant: string };
};

export type Encoder = {
  /** One result as CloudEvents JSON. `id` is unique within the source. */
  readonly result: (id: string, window: Window, outcome: Outcome, latencyMs: number) => string;
  readonly alarm: (rule: AlarmRule, change: AlarmChange, timeMs: number) => { id: string; payload: string };
};

/** Digits that a float32 score and a latency in microseconds really have. */
const SCORE_DIGITS = 1e6;
const LATENCY_DIGITS = 1e3;

/**
 * Builds the encoder of one agent. Messages are CloudEvents 1.0 in structured mode (cloudevents.io, JSON format).
 * Results are by far the most frequent message, so their constant parts are written once, here, and not for each.
 */
export function makeEncoder(speaker: Speaker): Encoder {
  const { thing, agent, model } = speaker;
  const source = `/things/${thing}/agents/${agent}`;
  const head = `{"specversion":"1.0","source":${JSON.stringify(source)},"type":"com.openclaw.edge.inference.v1","id":"`;
  const body = `","datacontenttype":"application/json","data":{"agent":${JSON.stringify(agent)},"model":${JSON.stringify(model)},"key":`;
  const quote = cachedQuote();
  const isoTime = cachedIsoTime();

  return {
    result: (id, window, outcome, latencyMs) =>
      `${head}${id}","time":"${isoTime(window.timeMs)}${body}${quote(window.key)},"seq":${window.seq},"outcome":{"label":${quote(
        outcome.label,
      )},"score":${round(outcome.score, SCORE_DIGITS)}},"latencyMs":${round(latencyMs, LATENCY_DIGITS)}}}`,

    alarm(rule, change, timeMs) {
      const id = `${agent}/${change.rule}/${change.key}/${change.episode.sinceMs.toString(36)}/${change.kind}`;
      const event = {
        specversion: '1.0',
        source,
        type: `com.openclaw.edge.alarm.${change.kind}.v1`,
        id,
        time: new Date(timeMs).toISOString(),
        datacontenttype: 'application/json',
        data: {
          agent,
          model,
          key: change.key,
          rule: rule.name,
          severity: rule.severity,
          since: new Date(change.episode.sinceMs).toISOString(),
          signal: round(change.signal, SCORE_DIGITS),
          outcome: { label: change.outcome.label, score: round(change.outcome.score, SCORE_DIGITS) },
        },
      };
      return { id, payload: JSON.stringify(event) };
    },
  };
}

function round(value: number, digits: number): number {
  return Math.round(value * digits) / digits;
}

/** JSON strings of keys and labels. Keys are bounded by the windower; the limit here is for those long gone. */
const MAX_QUOTED = 20_000;

function cachedQuote(): (text: string) => string {
  const quoted = new Map<string, string>();
  return (text) => {
    const known = quoted.get(text);
    if (known !== undefined) return known;
    if (quoted.size >= MAX_QUOTED) quoted.clear();
    const fresh = JSON.stringify(text);
    quoted.set(text, fresh);
    return fresh;
  };
}

/** Many windows share a millisecond, and formatting one costs more than all the rest of a result. */
function cachedIsoTime(): (timeMs: number) => string {
  let lastMs = Number.NaN;
  let text = '';
  return (timeMs) => {
    if (timeMs !== lastMs) {
      lastMs = timeMs;
      text = new Date(timeMs).toISOString();
    }
    return text;
  };
}
