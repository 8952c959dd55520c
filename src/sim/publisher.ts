import type { Result } from '../domain/errors.ts';
import { BrokerLink } from './broker-link.ts';
import { keepPace, machineTime, type Time } from './pace.ts';
import { encodeBatch, type Format } from './payload.ts';
import { SAMPLE_RATE_HZ, type VibrationSensor, windowsDue } from './sensor.ts';

export const DEFAULT_TOPIC = 'sensors/{key}/vibration';
export const DEFAULT_BATCH = 256;
const STOP_DEADLINE_MS = 2_000;

export type PublisherOptions = {
  readonly broker: string;
  readonly sensors: readonly VibrationSensor[];
  readonly durationMs: number;
  /** 2 plays twice as fast as a real sensor. */
  readonly rate?: number;
  /** Samples a message. */
  readonly batch?: number;
  readonly format?: Format;
  readonly qos?: 0 | 1;
  /** `{key}` is filled in. */
  readonly topic?: string;
  readonly time?: Time;
};

/** What one sensor has sent. */
export type SentBySensor = {
  readonly key: string;
  readonly fault: VibrationSensor['fault'];
  readonly messages: number;
  readonly samples: number;
};

export type Sent = {
  /** Readings handed to a broker that was connected. */
  readonly messages: number;
  readonly samples: number;
  /** QoS 1: acknowledged by the broker. QoS 0: written to the socket. */
  readonly delivered: number;
  /** Readings due while there was no connection: a sensor has no memory, they are gone. */
  readonly missed: number;
  readonly maxLateMs: number;
  readonly sensors: readonly SentBySensor[];
};

type Channel = {
  readonly sensor: VibrationSensor;
  readonly topic: string;
  messages: number;
  samples: number;
  ended: boolean;
};

/**
 * Publishes virtual sensors to a broker as fast as real ones would: each reading at its moment, the sensors evenly
 * spread over the period. `start` connects, `run` publishes, `stop` ends both.
 */
export class Publisher {
  readonly #options: Required<PublisherOptions>;
  readonly #channels: readonly Channel[];
  readonly #link: BrokerLink;
  readonly #stopping = new AbortController();
  #missed = 0;
  #maxLateMs = 0;

  constructor(options: PublisherOptions) {
    this.#options = {
      rate: 1,
      batch: DEFAULT_BATCH,
      format: 'json',
      qos: 0,
      topic: DEFAULT_TOPIC,
      time: machineTime,
      ...options,
    };
    this.#channels = options.sensors.map((sensor) => ({
      sensor,
      topic: this.#options.topic.replaceAll('{key}', sensor.key),
      messages: 0,
      samples: 0,
      ended: false,
    }));
    this.#link = new BrokerLink(options.broker, this.#options.time);
  }

  /** Connects to the broker; gives up after some seconds, or when the signal is aborted, with the reason. Call once. */
  start(signal?: AbortSignal): Promise<Result<void>> {
    return this.#link.start(this.#endedBy(signal));
  }

  /** Publishes until the duration is over, every sensor has ended, `stop` is called or the signal aborted. Call once. */
  async run(signal?: AbortSignal): Promise<Sent> {
    const { batch, rate, time, durationMs } = this.#options;
    const channels = this.#channels;
    const ending = this.#endedBy(signal);
    const batchMs = (batch / (SAMPLE_RATE_HZ * rate)) * 1000;
    const beats = Math.floor(durationMs / batchMs) * channels.length;
    const periodMs = batchMs / channels.length;
    const startMs = time.now();

    const { maxLateMs } = await keepPace({ periodMs, beats, time, signal: ending }, async (beat) => {
      const channel = channels[beat % channels.length];
      if (channel !== undefined) await this.#sendNext(channel, startMs + beat * periodMs, ending);
      return channels.some(({ ended }) => !ended);
    });
    this.#maxLateMs = maxLateMs;
    return this.sent();
  }

  /** Ends the run, waits for acknowledgements until the deadline, and closes the connection. Idempotent. */
  async stop(deadlineMs = STOP_DEADLINE_MS): Promise<void> {
    this.#stopping.abort();
    await this.#link.stop(deadlineMs);
  }

  sent(): Sent {
    const sensors = this.#channels.map(({ sensor: { key, fault }, messages, samples }) => ({
      key,
      fault,
      messages,
      samples,
    }));
    return {
      messages: sensors.reduce((total, { messages }) => total + messages, 0),
      samples: sensors.reduce((total, { samples }) => total + samples, 0),
      delivered: this.#link.delivered,
      missed: this.#missed,
      maxLateMs: this.#maxLateMs,
      sensors,
    };
  }

  #endedBy(signal: AbortSignal | undefined): AbortSignal {
    const stop = this.#stopping.signal;
    return signal === undefined ? stop : AbortSignal.any([stop, signal]);
  }

  /** Takes a batch from the sensor, connected or not: the machine goes on turning. */
  async #sendNext(channel: Channel, dueMs: number, ending: AbortSignal): Promise<void> {
    const { batch, format, qos } = this.#options;
    if (channel.ended) return;
    const values = channel.sensor.next(batch);
    channel.ended = values.length < batch;
    if (values.length === 0) return;
    await this.#link.room(ending);
    const payload = encodeBatch(format, { ts: Math.round(dueMs), rpm: channel.sensor.rpm, values });
    if (this.#link.publish(channel.topic, payload, qos)) {
      channel.messages++;
      channel.samples += values.length;
    } else {
      this.#missed++;
    }
  }
}

/** How many windows each key is due, from the samples that were sent. Outages shorter than the gap limit join up. */
export function windowsDueByKey(sent: Sent, window: number, hop: number): ReadonlyMap<string, number> {
  return new Map(sent.sensors.map(({ key, samples }) => [key, windowsDue(samples, window, hop)]));
}
