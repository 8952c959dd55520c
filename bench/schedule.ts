/** Sensors that send in turn. */
export const SENSORS = 10;

/**
 * When each message is due. Latency counts from here and not from the moment of sending: a sender that is late must
 * not make the agent look faster (coordinated omission).
 */
export type Schedule = {
  /** Messages a second. */
  readonly rate: number;
  readonly count: number;
  /** Time of message 0 as its payload says it, milliseconds since 1970 UTC. */
  readonly startMs: number;
};

export const sensorOf = (index: number): number => index % SENSORS;

/** Milliseconds after message 0. */
export const dueMs = (schedule: Schedule, index: number): number => (index * 1000) / schedule.rate;

/** The time in the payload: of one sensor no two are alike, so that key and time name the message. */
export function timestampMs(schedule: Schedule, index: number): number {
  return schedule.startMs + Math.floor(index / SENSORS) * periodMs(schedule);
}

/** The message of this sensor and time. */
export function indexOf(schedule: Schedule, sensor: number, timeMs: number): number {
  return ((timeMs - schedule.startMs) / periodMs(schedule)) * SENSORS + sensor;
}

/** Between two messages of one sensor; whole milliseconds for the rates that are used. */
function periodMs(schedule: Schedule): number {
  const period = (SENSORS * 1000) / schedule.rate;
  if (!Number.isInteger(period)) throw new Error(`a rate of ${schedule.rate} gives no whole milliseconds`);
  return period;
}
