import { z } from 'zod';
import { splitRoute } from '../domain/route.ts';
import { crossCheck } from './cross-check.ts';
import { count, field, pointer, size, topicFilter } from './fields.ts';
import { MAX_PAYLOAD_BYTES, MAX_POINTERS } from './limits.ts';

export const DEFAULT_VALUES = '/values';
const TIME_UNITS = ['s', 'ms', 'us', 'iso'] as const;
/** No sensible topic has more levels. */
const MAX_LEVEL = 31;

const time = z.strictObject({
  pointer: field(pointer(), 'Where the time of the last sample is in the payload.'),
  unit: field(z.enum(TIME_UNITS).prefault('ms'), 'What the time counts, from 1970 UTC; `iso`: a date as text.'),
});

const key = crossCheck(
  z.strictObject({
    topicLevel: field(count(MAX_LEVEL, 0).optional(), 'The level of the topic that names the sensor; 0 is the first.'),
    pointer: field(pointer().optional(), 'Where the name of the sensor is in the payload.'),
  }),
  ['topicLevel', 'pointer'],
  (written, report) => {
    const given = Object.values(written).filter((value) => value !== undefined).length;
    if (given !== 1) report([], 'needs exactly one of topicLevel and pointer');
  },
);

const shape = z.strictObject({
  topic: field(
    topicFilter(),
    'Topic filter; + and # are allowed. The bus may stand before it: `mqtt:`, `local:` or `iotcore:`. Left out: the broker; `local` in a Greengrass component that has none.',
  ),
  qos: field(
    z.literal([0, 1]).prefault(0),
    'Quality of service of the subscription. 0: readings are a stream, and a fresh one beats a late one.',
  ),
  format: field(
    z.enum(['json', 'cbor', 'f32le']).prefault('json'),
    'How payloads are written. `f32le`: nothing but little-endian float32, row by row.',
  ),
  values: field(
    z
      .union([pointer(), z.array(pointer()).min(1).max(MAX_POINTERS)], {
        error: 'must be one JSON pointer or a list of them',
      })
      .optional(),
    'Where the samples are: one JSON pointer a channel, each to a number or a list of numbers; or one to the rows of all channels. Not for `f32le`.',
    { default: DEFAULT_VALUES },
  ),
  time: field(
    z.union([z.literal('arrival'), time], { error: 'must be `arrival` or {pointer, unit}' }).prefault('arrival'),
    'Where the time of the last sample is. `arrival`: the moment the message came.',
  ),
  key: field(key.prefault({ topicLevel: 1 }), 'Which sensor a message belongs to; each sensor has windows of its own.'),
  maxPayloadBytes: field(
    size({ min: 1, max: MAX_PAYLOAD_BYTES }).prefault('256KB'),
    'Larger payloads are refused unread. 1MB at most: no bus takes more.',
  ),
});

/** The MQTT filter prefix that lets several subscribers share one stream (MQTT 5, 4.8.2). */
const SHARED = '$share/';

export const inputForm = [checkTopic, checkKeyLevel, checkRaw].reduce((form, add) => add(form), shape);

function checkTopic(form: typeof shape) {
  return crossCheck(form, ['topic'], ({ topic }, report) => {
    if (!splitRoute(topic).topic.startsWith(SHARED)) return;
    report(['topic'], 'is a shared subscription, which would tear the windows of a sensor apart', {
      unsupported: true,
      hint: 'Give each device its own topics.',
    });
  });
}

function checkKeyLevel(form: typeof shape) {
  return crossCheck(form, ['topic', 'key'], ({ topic, key: { topicLevel } }, report) => {
    const levels = splitRoute(topic).topic.split('/');
    if (topicLevel === undefined || levels.at(-1) === '#' || topicLevel < levels.length) return;
    report(['key', 'topicLevel'], `is ${topicLevel}, but the topic has only the levels 0 to ${levels.length - 1}`);
  });
}

function checkRaw(form: typeof shape) {
  return crossCheck(form, ['format', 'values', 'time', 'key'], ({ format, values, time, key }, report) => {
    if (format !== 'f32le') return;
    const hint = 'A raw payload holds nothing but samples; use json or cbor for more.';
    if (values !== undefined) report(['values'], 'has no meaning with the format f32le', { hint });
    if (time !== 'arrival') report(['time'], 'must be `arrival` with the format f32le', { hint });
    if (key.pointer !== undefined) report(['key', 'pointer'], 'has no meaning with the format f32le', { hint });
  });
}

export type InputForm = z.output<typeof inputForm>;
