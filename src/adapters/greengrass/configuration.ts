import { isDeepStrictEqual } from 'node:util';
import type { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import type { ConfigurationSource, Objection } from '../../ports/configuration-source.ts';
import type { Log } from '../../ports/log.ts';
import { Burst } from './burst.ts';
import type { IpcLink } from './link.ts';

/** A nucleus tells each key of a deployment by itself, within milliseconds of each other. */
const QUIET_MS = 500;
/** Lite writes key by key to its database: a large configuration on a slow card takes seconds. */
const LONGEST_BURST_MS = 5_000;
/** What was told as changed could not be read. */
const RETRY_MS = 10_000;
/**
 * The classic nucleus waits 20 s, or what the deployment says, and then fails the deployment without knowing why
 * (DynamicComponentConfigurationValidator): an answer of ours, before that, tells.
 */
const ANSWER_MS = 15_000;
/** It becomes part of the status of the deployment. */
const MAX_MESSAGE_LENGTH = 2_000;

/** Everything: a whole configuration is a few KB, and a part of it cannot be judged. */
const WHOLE = { keyPath: [] };
/** Small, or not there at all. */
const PART = { keyPath: ['log'] };
/** Stands for what could not be read as it is too large. */
const TOO_LARGE = Symbol('too large');

export type ConfigurationNeeds = {
  readonly link: Pick<IpcLink, 'call' | 'subscribe' | 'onState' | 'state'>;
  readonly clock: Clock;
  readonly log: Log;
};

type Check = (proposed: unknown) => Promise<Objection>;
type Proposals = greengrasscoreipc.model.ValidateConfigurationUpdateEvents;
type Proposal = greengrasscoreipc.model.ValidateConfigurationUpdateEvent;
type Status = greengrasscoreipc.model.ConfigurationValidityStatus;

/**
 * The configuration of this component, as its nucleus keeps it.
 *
 * A change is told when the whole document differs from the one that was read last; so the path that an event carries,
 * of the one key that changed, is not looked at, and a change that came while nobody was connected is found as well.
 * Classic asks before a deployment that keeps our version, and sends the whole document as it would be; lite never asks.
 */
export class GreengrassConfiguration implements ConfigurationSource {
  readonly #needs: ConfigurationNeeds;
  readonly #listeners = new Set<() => void>();
  readonly #ends: (() => unknown)[] = [];
  readonly #burst: Burst;
  #check: Check | undefined;
  #endProposals: (() => Promise<void>) | undefined;
  #started = false;
  #last: unknown;
  #cancelRetry: Cancel | undefined;

  constructor(needs: ConfigurationNeeds) {
    this.#needs = needs;
    this.#burst = new Burst(needs.clock, QUIET_MS, LONGEST_BURST_MS, () => void this.#compare());
  }

  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    const { link } = this.#needs;
    const endUpdates = link.subscribe({
      operation: 'SubscribeToConfigurationUpdate',
      open: (client) => client.subscribeToConfigurationUpdate(WHOLE),
      onMessage: () => this.#burst.touch(),
      // What changed before it stood was told to nobody.
      onOutcome: (failure) => failure === undefined && this.#burst.touch(),
    });
    this.#ends.push(endUpdates, () => this.#endProposals?.());
    this.#askForProposals();
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#burst.stop();
    this.#cancelRetry?.();
    this.#listeners.clear();
    await Promise.all(this.#ends.splice(0).map((end) => end()));
    this.#endProposals = undefined;
  }

  async read(): Promise<Result<unknown>> {
    const answer = await this.#needs.link.call({ operation: 'GetConfiguration' }, (client) =>
      client.getConfiguration(WHOLE),
    );
    if (!answer.ok && answer.error.code === 'E_IPC_FAILED' && (await this.#givesParts())) {
      this.#last = TOO_LARGE;
      return fail('E_IPC_TOO_LARGE', 'it sends a part, but not the whole', answer.error);
    }
    // Nothing was ever configured: both nuclei know no such key then.
    if (!answer.ok && answer.error.code !== 'E_IPC_NOT_FOUND') return answer;
    const value: unknown = (answer.ok ? answer.value.value : undefined) ?? {};
    this.#last = value;
    return ok(value);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onProposal(check: Check): () => void {
    this.#check = check;
    this.#askForProposals();
    return () => {
      if (this.#check === check) this.#check = undefined;
    };
  }

  /** Lite has no words for a configuration that fits into no packet: it answers as if its database were away. */
  async #givesParts(): Promise<boolean> {
    const part = await this.#needs.link.call({ operation: 'GetConfiguration' }, (client) =>
      client.getConfiguration(PART),
    );
    return part.ok || part.error.code === 'E_IPC_NOT_FOUND';
  }

  async #compare(): Promise<void> {
    this.#cancelRetry?.();
    const before = this.#last;
    const now = await this.read();
    if (!this.#started) return;
    if (!now.ok && now.error.code !== 'E_IPC_TOO_LARGE') {
      // Without a connection the next one compares.
      if (now.error.code === 'E_IPC_OFFLINE') return;
      this.#needs.log.warn({ code: now.error.code, reason: now.error.message }, 'configuration not read');
      this.#cancelRetry = this.#needs.clock.after(RETRY_MS, () => void this.#compare());
      return;
    }
    if (isDeepStrictEqual(before, this.#last)) return;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Not before somebody can answer: a deployment waits for whom it asks. */
  #askForProposals(): void {
    if (!this.#started || this.#check === undefined || this.#endProposals !== undefined) return;
    this.#endProposals = this.#needs.link.subscribe<Proposals>({
      operation: 'SubscribeToValidateConfigurationUpdates',
      open: (client) => client.subscribeToValidateConfigurationUpdates({}),
      onMessage: ({ validateConfigurationUpdateEvent: event }) => event !== undefined && void this.#answer(event),
    });
  }

  async #answer({ deploymentId, configuration }: Proposal): Promise<void> {
    const objection = await this.#objection(configuration ?? {});
    const status = (objection === undefined ? 'ACCEPTED' : 'REJECTED') as Status;
    const message = objection?.slice(0, MAX_MESSAGE_LENGTH);
    const configurationValidityReport = { status, deploymentId, ...(message === undefined ? {} : { message }) };
    const sent = await this.#needs.link.call({ operation: 'SendConfigurationValidityReport' }, (client) =>
      client.sendConfigurationValidityReport({ configurationValidityReport }),
    );
    const fields = { deploymentId, status, ...(message === undefined ? {} : { reason: message }) };
    if (sent.ok) this.#needs.log.info(fields, 'proposed configuration answered');
    else this.#needs.log.warn({ ...fields, code: sent.error.code, error: sent.error.message }, 'answer not delivered');
  }

  /** A check that fails or hangs refuses: what nobody has looked at is not taken. */
  async #objection(proposed: unknown): Promise<Objection> {
    if (this.#check === undefined) return undefined;
    const done = new AbortController();
    const late = this.#needs.clock.sleep(ANSWER_MS, done.signal).then(
      () => `it could not be checked within ${ANSWER_MS} ms`,
      () => undefined,
    );
    try {
      return await Promise.race([this.#check(proposed), late]);
    } catch (err) {
      this.#needs.log.error({ err }, 'a proposed configuration could not be checked');
      return 'it could not be checked; the log of the agent says why';
    } finally {
      done.abort();
    }
  }
}
