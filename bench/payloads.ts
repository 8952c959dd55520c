import mqttPacket from 'mqtt-packet';
import { seeded } from '../src/sim/random.ts';
import { WINDOW } from './model.ts';

export const INPUT_FILTER = 'bench/in/+';
export const ANSWER_TOPIC = 'bench/out';
/** Tells the naive agent which model file to load next. */
export const NAIVE_SWAP_TOPIC = 'bench/swap';
/** The level of the topic that holds the key. */
export const KEY_LEVEL = 2;

export type Format = 'json' | 'f32le';

const SEED = 7;
/** Six digits make a JSON message of about 650 bytes. */
const DIGITS = 6;

export const keyOf = (index: number): string => `k${index}`;
export const inputTopic = (index: number): string => `bench/in/${keyOf(index)}`;

/** Returns a function that makes the payload of one message; no two are alike. */
export function payloadMaker(format: Format): (key: string, timeMs: number) => Buffer {
  const random = seeded(SEED).uniform;
  const draw = () => random() * 2 - 1;
  return format === 'json'
    ? (key, timeMs) => {
        const values = Array.from({ length: WINDOW }, () => draw().toFixed(DIGITS)).join(',');
        return Buffer.from(`{"sensor":"${key}","ts":${timeMs},"values":[${values}]}`);
      }
    : () => Buffer.from(Float32Array.from({ length: WINDOW }, draw).buffer);
}

export function publishPacket(topic: string, payload: Buffer, protocolVersion: number): Buffer {
  const packet = { cmd: 'publish' as const, topic, payload, qos: 0 as const, dup: false, retain: false };
  return mqttPacket.generate(packet, { protocolVersion });
}
