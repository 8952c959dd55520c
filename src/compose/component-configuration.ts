import { isDeepStrictEqual } from 'node:util';
import type { ConfigurationReport } from '../agent/commands/controls.ts';
import type { Config } from '../config/config.ts';
import type { Checked } from '../config/load.ts';
import type { Problem } from '../config/problems.ts';
import { ERRORS, type Failure, failure, type Result } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConfigurationSource } from '../ports/configuration-source.ts';
import type { Log } from '../ports/log.ts';
import type { KeptConfiguration } from './kept-configuration.ts';
import { orAborted } from './or-aborted.ts';

/** A nucleus that is itself still starting; the kept configuration serves until it is there. */
const FIRST_READ_MS = 30_000;
const READ_AGAIN_MS = 250;

export type Refused = Exclude<Checked, { ok: true }>;

const TOLD_TO_END: Refused = {
  ok: false,
  error: failure('E_IPC_OFFLINE', 'told to end before there was one'),
  problems: [],
};

/** A configuration that may be run. */
export type Candidate = { readonly delivered: unknown; readonly config: Config; readonly from: 'nucleus' | 'kept' };

export type ConfigurationNeeds = {
  readonly source: Pick<ConfigurationSource, 'read'>;
  readonly kept: Pick<KeptConfiguration, 'load' | 'save'>;
  readonly check: (delivered: unknown) => Checked;
  readonly clock: Clock;
  readonly log: Log;
};

/** The configuration of a component: what was delivered, what of it is accepted, and what is said about the rest. */
export class ComponentConfiguration {
  readonly #needs: ConfigurationNeeds;
  #report: ConfigurationReport = { accepted: true };

  constructor(needs: ConfigurationNeeds) {
    this.#needs = needs;
  }

  /** How the one that came last was taken. */
  get report(): ConfigurationReport {
    return this.#report;
  }

  /** What may be run, the delivered one first, then the last that was; and why the delivered one may not. Nothing at all once `signal` is aborted. */
  async begin(
    signal: AbortSignal,
  ): Promise<{ readonly candidates: readonly Candidate[]; readonly refused: Refused | undefined }> {
    const { kept, check } = this.#needs;
    const delivered = await orAborted(this.#firstRead(signal), signal);
    if (delivered === undefined) return { candidates: [], refused: TOLD_TO_END };
    const checked = delivered.ok ? check(delivered.value) : { ...delivered, problems: [] };
    const candidates: Candidate[] = [];
    if (delivered.ok && checked.ok)
      candidates.push({ delivered: delivered.value, config: checked.value, from: 'nucleus' });
    const before = await kept.load();
    const isNew = before !== undefined && !(delivered.ok && isDeepStrictEqual(before, delivered.value));
    const again = isNew ? check(before) : undefined;
    if (again?.ok) candidates.push({ delivered: before, config: again.value, from: 'kept' });
    if (!checked.ok) this.refuse(checked);
    return { candidates, refused: checked.ok ? undefined : checked };
  }

  /** Reads and checks what is delivered now. */
  async read(): Promise<{ readonly delivered: unknown; readonly checked: Checked }> {
    const delivered = await this.#needs.source.read();
    if (!delivered.ok) return { delivered: undefined, checked: { ...delivered, problems: [] } };
    return { delivered: delivered.value, checked: this.#needs.check(delivered.value) };
  }

  /** It runs: from now on it is what a bad one falls back to. */
  async accept({ delivered, from }: Omit<Candidate, 'config'>): Promise<void> {
    if (from === 'kept') return;
    this.#report = { accepted: true };
    await this.#needs.kept.save(delivered);
  }

  /** It is good, and runs from the next start on. Only what has run is what a bad one falls back to. */
  acceptLater(): void {
    this.#report = { accepted: true };
  }

  /** Tells all reasons; nothing changes. */
  refuse(refused: { readonly error: Failure; readonly problems: readonly Problem[] }): void {
    const problems = reasonsOf(refused);
    this.#report = { accepted: false, problems };
    this.#needs.log.error({ code: refused.error.code, problems }, 'configuration refused: the last accepted one stays');
  }

  async #firstRead(signal: AbortSignal): Promise<Result<unknown>> {
    const { source, clock } = this.#needs;
    const lateMs = clock.monotonic() + FIRST_READ_MS;
    for (;;) {
      const read = await source.read();
      if (read.ok || !ERRORS[read.error.code].retryable || clock.monotonic() >= lateMs) return read;
      await clock.sleep(READ_AGAIN_MS, signal).catch(() => {});
      if (signal.aborted) return read;
    }
  }
}

/** Every reason in words, one an entry. */
export function reasonsOf({ error, problems }: Pick<Refused, 'error' | 'problems'>): readonly string[] {
  if (problems.length === 0) return [error.message];
  return problems.map(
    ({ path, problem, hint }) => `${path === '' ? '' : `${path} `}${problem}${hint === undefined ? '' : ` (${hint})`}`,
  );
}

/** Turns problems into the refusal of a configuration. */
export function refusal(problems: readonly Problem[]): Refused | undefined {
  const [first, ...others] = problems;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return { ok: false, error: failure(first.code, `${first.path} ${first.problem}${more}`), problems };
}
