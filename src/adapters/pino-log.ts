import { pino } from 'pino';
import type { Log, LogLevel } from '../ports/log.ts';

/** From talkative to still; a line is written when its level is not before the set one. */
const RANK: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, silent: 5 };

/** Names of fields whose values never reach a log, at the top and one level down. */
const SECRETS = ['password', 'passphrase', 'secret', 'token', 'authToken', 'authorization', 'privateKey'];

const CAUSES_SHOWN = 3;

/** Takes one finished line, with its line break. */
export type LogSink = { write(line: string): void };

/**
 * Makes the log: JSON, one line an event, ISO time, to stderr (stdout is for data). Writing is synchronous: events
 * are few, and the last line before a crash is the one that is needed.
 */
export function pinoLog(options: { level: LogLevel; name?: string; sink?: LogSink }): Log {
  const logger = pino(
    {
      level: 'trace',
      base: options.name === undefined ? null : { name: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'event',
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      serializers: { error: (error: unknown) => readable(error, CAUSES_SHOWN) },
    },
    options.sink ?? stderr(),
  );
  return new PinoLog(logger, { level: options.level });
}

class PinoLog implements Log {
  readonly #logger: pino.Logger;
  /** Shared by all children, so that one call changes the level of all of them. */
  readonly #shared: { level: LogLevel };

  constructor(logger: pino.Logger, shared: { level: LogLevel }) {
    this.#logger = logger;
    this.#shared = shared;
  }

  debug(fields: object, event: string): void {
    this.#write('debug', fields, event);
  }

  info(fields: object, event: string): void {
    this.#write('info', fields, event);
  }

  warn(fields: object, event: string): void {
    this.#write('warn', fields, event);
  }

  error(fields: object, event: string): void {
    this.#write('error', fields, event);
  }

  child(fields: object): Log {
    return new PinoLog(this.#logger.child(fields), this.#shared);
  }

  setLevel(level: LogLevel): void {
    this.#shared.level = level;
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', fields: object, event: string): void {
    if (RANK[level] < RANK[this.#shared.level]) return;
    try {
      this.#logger[level](fields, event);
    } catch {
      // A field that throws when it is read must not take the agent with it; the event alone still tells something.
      this.#logger[level](event);
    }
  }
}

function stderr(): LogSink {
  return stream(2);
}

/** For a component: the classic nucleus makes a warning of every line on stderr. */
export function stdoutSink(): LogSink {
  return stream(1);
}

function stream(dest: 1 | 2): LogSink {
  const destination = pino.destination({ dest, sync: true });
  // Nobody reads it any more (EPIPE): the agent goes on without a log.
  destination.on('error', () => {});
  return destination;
}

/** A Failure or an Error as plain fields; JSON alone would show an Error as {}. */
function readable(error: unknown, depth: number): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { code, message, cause } = error as { code?: unknown; message?: unknown; cause?: unknown };
  if (typeof message !== 'string') return error;
  const shown = { ...(code === undefined ? {} : { code }), message };
  return cause === undefined || depth === 0 ? shown : { ...shown, cause: readable(cause, depth - 1) };
}
