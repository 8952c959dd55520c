import { ERRORS, type Failure, type Result } from '../domain/errors.ts';
import type { RolloutOutcome } from '../domain/rollout.ts';
import type { Audit } from '../ports/audit.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { InboxEnding, InboxPackage, PackageInbox } from '../ports/package-inbox.ts';
import type { RolloutControl } from './commands/controls.ts';
import { auditCommand } from './commands/trail.ts';

/** Who puts a package there waits for minutes anyway. */
const LOOK_EVERY_MS = 2_000;
/** Ids are told in logs and on screens. */
const MAX_NAME_IN_ID = 64;

export type InboxNeeds = {
  readonly agent: string;
  readonly inbox: PackageInbox;
  readonly rollouts: RolloutControl;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit?: Audit | undefined;
};

/**
 * Rolls out what is put into the inbox of an agent, and renames it by how that ended. Several packages are asked for in the
 * order in which they came, so the last one wins. After a restart a package that still lies there joins its rollout.
 */
export class Inbox {
  readonly #needs: InboxNeeds;
  /** Ids of the packages that were asked for and have no ending yet. */
  readonly #asked = new Set<string>();
  /** How those ended that are not yet seen to be renamed. */
  readonly #ended = new Map<string, InboxEnding>();
  /** What could not be asked for, so that it is told once. */
  readonly #told = new Set<string>();
  #cancel: Cancel | undefined;
  #looking: Promise<void> | undefined;

  constructor(needs: InboxNeeds) {
    this.#needs = needs;
  }

  async start(): Promise<void> {
    await this.#needs.inbox.start();
    this.#cancel = this.#needs.clock.every(LOOK_EVERY_MS, () => this.#look());
    this.#look();
  }

  /** What lies there stays, and is asked for again by the next start. */
  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#looking;
  }

  #look(): void {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
  }

  async #lookOnce(): Promise<void> {
    const waiting = await this.#needs.inbox.look();
    const ids = new Set(waiting.map(idOf));
    for (const id of [...this.#told, ...this.#ended.keys()]) if (!ids.has(id)) this.#forget(id);
    for (const found of waiting) {
      if (this.#cancel === undefined) return;
      const ending = this.#ended.get(idOf(found));
      if (ending !== undefined) await this.#needs.inbox.settle(found, ending);
      else if (!this.#asked.has(idOf(found))) void this.#roll(found);
    }
  }

  #forget(id: string): void {
    this.#told.delete(id);
    this.#ended.delete(id);
  }

  async #roll(found: InboxPackage): Promise<void> {
    const { rollouts, agent, log } = this.#needs;
    const id = idOf(found);
    this.#asked.add(id);
    if (!this.#told.has(id)) {
      log.info({ agent, id, name: found.name }, 'inbox: a package');
      this.#audit(found, 'accepted');
    }
    const ended = await rollouts.request({ id, source: found.path, force: false });
    // Stopped: the outcome is told again after the next start, and the package renamed then.
    if (this.#cancel !== undefined) await this.#settle(found, ended);
    this.#asked.delete(id);
  }

  async #settle(found: InboxPackage, ended: Result<RolloutOutcome>): Promise<void> {
    const { agent, log } = this.#needs;
    const id = idOf(found);
    if (ended.ok) {
      const { outcome, code, reason } = ended.value;
      log.info({ agent, id, outcome, reason }, 'inbox: the end of a rollout');
      const error = code === undefined ? undefined : { code, message: reason };
      this.#audit(found, outcome === 'committed' ? 'succeeded' : 'failed', error);
      return this.#rename(found, outcome);
    }
    const { code, message } = ended.error;
    const later = ERRORS[code].retryable;
    if (!this.#told.has(id)) {
      log.warn({ agent, id, code, reason: message, later }, 'inbox: not rolled out');
      this.#audit(found, 'failed', ended.error);
    }
    // What may work later is left there, and asked for again at the next look.
    if (later) this.#told.add(id);
    else await this.#rename(found, 'refused');
  }

  async #rename(found: InboxPackage, ending: InboxEnding): Promise<void> {
    this.#ended.set(idOf(found), ending);
    await this.#needs.inbox.settle(found, ending);
  }

  #audit(found: InboxPackage, status: 'accepted' | 'succeeded' | 'failed', error?: Pick<Failure, 'code' | 'message'>) {
    const { audit, clock, agent } = this.#needs;
    const args = { agent, source: found.path };
    const facts = { id: idOf(found), verb: 'model.rollout', by: 'inbox', status, args, error } as const;
    void audit?.append(auditCommand(clock.now(), facts));
  }
}

/** The same for the same package after a restart, and another one for the next package of that name. */
function idOf({ name, stamp }: InboxPackage): string {
  return `inbox:${name.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, MAX_NAME_IN_ID)}:${stamp}`;
}
