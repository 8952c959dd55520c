import { seeded } from '../../../src/sim/random.ts';
import { whole } from '../flow/random.ts';

export type Tree = Record<string, unknown>;

type Random = () => number;

/** A good configuration with a number, or a truth value, in every field that takes one. */
export function everyField(seed: number): Tree {
  const random = seeded(seed).uniform;
  return {
    thing: String(whole(random, 1, 999)),
    bus: {
      url: 'mqtts://broker:8883',
      version: pick(random, ['5', 5, '3.1.1']),
      tls: { ca: 'system', minVersion: pick(random, ['1.2', 1.2, '1.3', 1.3]) },
      keepalive: `${whole(random, 1, 100)}s`,
      maxInFlight: whole(random, 1, 1000),
    },
    outbox: {
      maxBytes: whole(random, 64e6, 90e9),
      maxRows: whole(random, 1, 10e6),
      maxTries: whole(random, 1, 1000),
    },
    shadow: { enabled: pick(random, [true, false]), heartbeat: '60s' },
    metrics: { port: whole(random, 0, 65_535) },
    commands: { enabled: pick(random, [true, false]) },
    agents: Array.from({ length: whole(random, 1, 3) }, (_, index) => agent(random, index)),
  };
}

function agent(random: Random, index: number): Tree {
  const isolated = pick(random, [true, false]);
  const n = whole(random, 1, 32);
  return {
    name: `${index}`,
    isolated,
    resources: {
      cpu: whole(random, 1, 64),
      memory: whole(random, 128e6, 1e12),
      gpu: pick(random, [true, false, 0, 1]),
    },
    inputs: [
      {
        topic: 'a/+/c',
        qos: pick(random, [0, 1]),
        key: { topicLevel: whole(random, 0, 2) },
        maxPayloadBytes: whole(random, 1, 1e6),
      },
    ],
    window: { hop: whole(random, 1, 10e6), gap: '10s', maxKeys: whole(random, 1, 100_000) },
    decisions: {
      floor: random(),
      alarms: [{ name: '1', raise: 0.5 + random(), clear: random() / 2, k: whole(random, 1, n), n, cooldown: 0 }],
    },
    batch: { max: whole(random, 1, 1024), wait: pick(random, [0, '5ms']) },
    queue: { max: whole(random, 1, 65_536) },
    runner: { deadline: '5s' },
  };
}

/** The same with each number and truth value as one of the texts that nuclei make of it. */
export function asText(written: Tree, seed: number): unknown {
  const random = seeded(seed).uniform;
  const turn = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turn);
    if (typeof value === 'number') return pick(random, [String(value), javaDouble(value)]);
    if (typeof value === 'boolean') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, turn(inner)]));
  };
  return turn(written);
}

/** As Double.toString writes it: always with a fraction, and from 10^7 and below 10^-3 with an exponent. */
function javaDouble(value: number): string {
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-3 && size < 1e7);
  const [digits = '', exponent] = (plain ? String(value) : value.toExponential()).split('e');
  const fraction = digits.includes('.') ? digits : `${digits}.0`;
  return exponent === undefined ? fraction : `${fraction}E${Number(exponent)}`;
}

function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
}
