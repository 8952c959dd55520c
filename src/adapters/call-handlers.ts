import type { Handler, Incoming } from '../ports/bus.ts';
import type { Log } from '../ports/log.ts';

const NEVER = () => false;

/**
 * Calls the handlers of a message one after another, until `isEnded`; what fails is logged. A promise: the next handlers,
 * and the messages behind, wait for it.
 */
export function callHandlers(
  message: Incoming,
  handlers: readonly Handler[],
  log: Log,
  isEnded: () => boolean = NEVER,
): Promise<void> | undefined {
  for (let index = 0; index < handlers.length && !isEnded(); index++) {
    try {
      const waiting = handlers[index]?.(message);
      if (waiting === undefined) continue;
      const rest = handlers.slice(index + 1);
      const logged = waiting.catch((cause: unknown) => logFailed(log, message, cause));
      return logged.then(() => callHandlers(message, rest, log, isEnded));
    } catch (cause) {
      logFailed(log, message, cause);
    }
  }
  return undefined;
}

function logFailed(log: Log, { topic }: Incoming, err: unknown): void {
  log.error({ topic, err }, 'a message handler failed');
}
