import { fail, ok, type Result } from '../domain/errors.ts';
import { FORMATS, type Format } from '../sim/payload.ts';
import { DEFAULT_BATCH, DEFAULT_TOPIC } from '../sim/publisher.ts';
import { FAULTS, type Fault } from '../sim/sensor.ts';
import type { Flag } from './command.ts';
import { anyText, duration, integer, listOf, number, oneOf } from './flag-values.ts';

/** Without --onset and --failed, a bearing begins to fail and has failed at these shares of the run. */
export const ONSET_SHARE = 0.25;
export const FAILED_SHARE = 0.6;
const MAX_BEARINGS = 1_000;
const DAY_MS = 86_400_000;

export type SimulateFlags = {
  broker: string;
  bearings: number;
  fail: readonly Fault[] | undefined;
  onset: number | undefined;
  failed: number | undefined;
  data: string | undefined;
  keys: number | undefined;
  offset: number;
  loop: boolean;
  duration: number;
  rate: number;
  batch: number;
  format: Format;
  qos: '0' | '1';
  topic: string;
  seed: number;
  window: number;
  hop: number;
};

export const simulateFlags: readonly Flag<SimulateFlags>[] = [
  {
    key: 'broker',
    name: '--broker <url>',
    description: 'where to publish, as mqtt://HOST:PORT',
    default: 'mqtt://127.0.0.1:1883',
    parse: brokerUrl,
  },
  {
    key: 'bearings',
    name: '--bearings <n>',
    description: 'how many virtual bearings',
    default: 3,
    parse: integer(1, MAX_BEARINGS),
  },
  {
    key: 'fail',
    name: '--fail <faults>',
    description: `faults of the last bearings, one each: ${FAULTS.join(', ')}; the others stay healthy; without it inner,outer`,
    parse: listOf(FAULTS),
  },
  {
    key: 'onset',
    name: '--onset <time>',
    description: `when the faults begin, in the bearing's time; without it at ${ONSET_SHARE * 100} % of the run`,
    parse: duration(0, 365 * DAY_MS),
  },
  {
    key: 'failed',
    name: '--failed <time>',
    description: `when they are at their worst, in the bearing's time; without it at ${FAILED_SHARE * 100} % of the run`,
    parse: duration(0, 365 * DAY_MS),
  },
  {
    key: 'data',
    name: '--data <folder>',
    description: 'replay the recordings (*.f32, 12 kHz) of a folder instead of bearings',
    parse: anyText,
  },
  {
    key: 'keys',
    name: '--keys <n>',
    description: 'replay only so many recordings, of different faults as far as there are',
    parse: integer(1, MAX_BEARINGS),
  },
  {
    key: 'offset',
    name: '--offset <share>',
    description: 'start the recordings at this share of their length',
    default: 0,
    parse: number(0, 0.999),
  },
  { key: 'loop', name: '--loop', description: 'start recordings again when they end', default: false },
  {
    key: 'duration',
    name: '--duration <time>',
    description: 'how long to publish',
    default: 60_000,
    defaultText: '60s',
    parse: duration(100, 365 * DAY_MS),
  },
  {
    key: 'rate',
    name: '--rate <x>',
    description: 'times as fast as a real sensor',
    default: 1,
    parse: number(0.001, 1000),
  },
  {
    key: 'batch',
    name: '--batch <n>',
    description: 'samples a message',
    default: DEFAULT_BATCH,
    parse: integer(1, 12_000),
  },
  { key: 'format', name: '--format <format>', description: FORMATS.join(', '), default: 'json', parse: oneOf(FORMATS) },
  { key: 'qos', name: '--qos <level>', description: '0 or 1', default: '0', parse: oneOf(['0', '1']) },
  {
    key: 'topic',
    name: '--topic <template>',
    description: 'topic of a sensor; {key} is filled in',
    default: DEFAULT_TOPIC,
    parse: topicTemplate,
  },
  {
    key: 'seed',
    name: '--seed <n>',
    description: 'the same seed makes the same bearings',
    default: 1,
    parse: integer(0, 1e9),
  },
  {
    key: 'window',
    name: '--window <n>',
    description: "samples of a model's window, to count what is due",
    default: 2048,
    parse: integer(1, 1e6),
  },
  {
    key: 'hop',
    name: '--hop <n>',
    description: 'samples between the starts of two windows',
    default: 1024,
    parse: integer(1, 1e6),
  },
];

const PROTOCOLS = ['mqtt:', 'mqtts:', 'tcp:', 'ssl:', 'ws:', 'wss:'];

function brokerUrl(text: string): Result<string> {
  if (PROTOCOLS.includes(URL.parse(text)?.protocol ?? '')) return ok(text);
  return fail('E_USAGE', `the broker is no URL like mqtt://127.0.0.1:1883`);
}

function topicTemplate(text: string): Result<string> {
  if (!text.includes('{key}')) return fail('E_USAGE', `the topic ${text} lacks {key}`);
  return /[+#\0]/.test(text) ? fail('E_TOPIC_INVALID', text) : ok(text);
}
