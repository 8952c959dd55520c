import type { Log, LogLevel } from '../../src/ports/log.ts';

export type LogLine = {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly event: string;
};

/** A log that keeps its lines. Children write into the same list. */
export class FakeLog implements Log {
  readonly lines: LogLine[];
  level: LogLevel = 'trace';
  readonly #fields: object;

  constructor(lines: LogLine[] = [], fields: object = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  /** The events so far, in order. */
  get events(): readonly string[] {
    return this.lines.map((line) => line.event);
  }

  debug(fields: object, event: string): void {
    this.#add('debug', fields, event);
  }

  info(fields: object, event: string): void {
    this.#add('info', fields, event);
  }

  warn(fields: object, event: string): void {
    this.#add('warn', fields, event);
  }

  error(fields: object, event: string): void {
    this.#add('error', fields, event);
  }

  child(fields: object): Log {
    return new FakeLog(this.lines, { ...this.#fields, ...fields });
  }

  setLevel(level: LogLevel): void {
    this.level = level;
  }

  #add(level: LogLine['level'], fields: object, event: string): void {
    // The real one writes such a field twice into one line of JSON.
    const twice = Object.keys(fields).filter((field) => field in this.#fields);
    if (twice.length > 0) throw new Error(`'${event}' and its log both have the field ${twice.join()}`);
    this.lines.push({ level, fields: { ...this.#fields, ...fields }, event });
  }
}
