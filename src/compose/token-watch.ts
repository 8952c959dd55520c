import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { IpcLink } from '../adapters/greengrass/link.ts';
import { EdgeError, type Failure, failure } from '../domain/errors.ts';
import { makeFolder, replaceFile } from '../files/durable.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

/** A nucleus that is itself just starting may refuse for a moment; one that forgot our token does so for ever. Some seven attempts. */
const DENIED_MS = 15_000;
/** Lite starts a component three times within an hour, and never again (StartLimitBurst): ends by this stay below that. */
const APART_MS = 21 * 60_000;

export type TokenWatchNeeds = {
  readonly link: Pick<IpcLink, 'onState'>;
  /** Where the moment of the last end is kept. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Notices that the nucleus does not know this process any more. The token of a component (SVCUID) comes with the start of
 * its process, and lite's ggipcd, when it starts anew, has forgotten all of them. Whoever has one is refused for ever:
 * only a process that the nucleus starts itself gets another.
 */
export class TokenWatch {
  readonly #needs: TokenWatchNeeds;
  readonly #expired = new AbortController();
  #stopListening: (() => void) | undefined;
  #cancel: Cancel | undefined;
  /** When a process of this component last ended for this; NaN: never. */
  #lastEndMs = Number.NaN;

  constructor(needs: TokenWatchNeeds) {
    this.#needs = needs;
  }

  /** Aborted, with an EdgeError as reason, once this process should end for the nucleus to start it anew. */
  get expired(): AbortSignal {
    return this.#expired.signal;
  }

  async start(): Promise<void> {
    this.#lastEndMs = Number.parseInt(await readFile(this.#needs.file, 'utf8').catch(() => ''), 10);
    this.#stopListening = this.#needs.link.onState((state, error) => {
      if (state === 'online') this.#calm();
      if (state === 'offline') this.#refused(error);
    });
  }

  /** Idempotent. */
  stop(): void {
    this.#stopListening?.();
    this.#calm();
  }

  #refused(error: Failure | undefined): void {
    // A nucleus that is away may have our token when it is back.
    if (error?.code !== 'E_IPC_DENIED') this.#calm();
    else this.#cancel ??= this.#needs.clock.after(DENIED_MS, () => void this.#denied());
  }

  #calm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #denied(): Promise<void> {
    const { clock, log } = this.#needs;
    const waitMs = this.#untilAllowedMs();
    if (waitMs > 0) {
      log.warn({ endsInMs: waitMs }, 'the nucleus does not know our token; the last end for it was a short while ago');
      this.#cancel = clock.after(waitMs, () => void this.#denied());
      return;
    }
    await this.#note();
    log.error({}, 'the nucleus does not know our token any more: ending, to be started with a new one');
    this.#expired.abort(new EdgeError(failure('E_IPC_DENIED', 'it was forgotten')));
  }

  #untilAllowedMs(): number {
    const sinceMs = this.#needs.clock.now() - this.#lastEndMs;
    // Neither a damaged file nor a clock that went back may keep us here.
    return sinceMs >= 0 && sinceMs < APART_MS ? APART_MS - sinceMs : 0;
  }

  async #note(): Promise<void> {
    const { file, clock, log } = this.#needs;
    try {
      await makeFolder(dirname(file));
      await replaceFile(file, `${clock.now()}\n`);
    } catch (err) {
      log.warn({ err, file }, 'the moment of this end was not kept');
    }
  }
}
