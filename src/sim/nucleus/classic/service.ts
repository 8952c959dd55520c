import type { ReportedState } from '../services.ts';
import { SECONDS } from '../timing.ts';
import { Changes } from './changes.ts';
import { ErrorCount } from './error-count.ts';
import { Processes, type ProcessesParts, TIMED_OUT } from './processes.ts';
import { StartNews } from './start-news.ts';
import { afterStop, type State } from './state.ts';

export type ServiceParts = ProcessesParts & {
  /** Its hard dependencies are up. */
  readonly isReady: () => boolean;
  readonly onChange: (service: Service) => void;
};

/**
 * The life of one component on the classic nucleus (Lifecycle.java, GenericExternalService.java): a state, and a list of
 * states to reach one after the other. Errors are tried again at once; the third in one state breaks it.
 */
export class Service {
  readonly #parts: ServiceParts;
  readonly #errors: ErrorCount;
  readonly #processes: Processes;
  readonly #changes: Changes;
  readonly #news: StartNews;
  readonly #closed = new AbortController();
  #state: State = 'NEW';
  #before: State = 'NEW';
  #reason: string | undefined;
  #changedAt: number;
  #desired: State[] = [];
  #isCleanedUp = false;
  #failedToStart = false;
  #isUninstalled = false;
  #life: Promise<void> | undefined;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.#processes = new Processes(parts);
    this.#changes = new Changes(parts.time);
    this.#errors = new ErrorCount(parts.secondMs);
    this.#news = new StartNews({ ...parts, onNews: () => this.#changes.tell(), closed: this.#closed.signal });
    this.#changedAt = parts.time.monotonic();
  }

  get state(): State {
    return this.#state;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  /** When the state last changed, on the monotonic clock. */
  get changedAt(): number {
    return this.#changedAt;
  }

  get hasReachedDesired(): boolean {
    return this.#desired.every((state) => state === this.#state);
  }

  /** Those that depend on it hard may run. */
  get isUp(): boolean {
    if (this.#state === 'STOPPING') return !this.#failedToStart;
    return this.#state === 'RUNNING' || this.#state === 'FINISHED';
  }

  requestStart(): void {
    if (this.#desired.at(-1) === 'FINISHED') this.#desired.pop();
    if (this.#desired.at(-1) !== 'RUNNING') this.#desired.push('RUNNING');
    this.#begin();
  }

  /** Runs all stages again; the only way out of BROKEN. */
  requestReinstall(): void {
    this.#desired = ['NEW', 'RUNNING'];
    this.#begin();
  }

  requestRestart(): void {
    if (!this.#desired.includes('NEW')) this.#desired = ['INSTALLED', 'RUNNING'];
    this.#begin();
  }

  /** UpdateState: only while it starts or runs. */
  report(state: ReportedState): void {
    if (this.#state !== 'STARTING' && this.#state !== 'RUNNING') return;
    this.#news.report(state);
  }

  /** A service it depends on has changed. */
  dependencyChanged(): void {
    const isAffected = this.#state === 'STARTING' || this.#state === 'RUNNING';
    if (isAffected && !this.#parts.isReady()) this.requestRestart();
    this.#changes.tell();
  }

  /** Ends all its processes, runs `shutdown` and, where it is removed, `uninstall`. Idempotent. */
  async close({ uninstall }: { readonly uninstall: boolean }): Promise<void> {
    const wasClosed = this.#closed.signal.aborted;
    this.#isUninstalled ||= uninstall;
    this.#closed.abort();
    this.#changes.tell();
    await this.#life;
    if (wasClosed) return;
    if (['STARTING', 'RUNNING', 'ERRORED'].includes(this.#state)) {
      this.#enter('STOPPING');
      await this.#processes.runToEnd('shutdown', SECONDS.shutdown);
    }
    await this.#processes.endAll();
    this.#enter('FINISHED');
    if (!this.#isUninstalled) return;
    this.#enter('UNINSTALLING');
    await this.#processes.runToEnd('uninstall', SECONDS.uninstall);
    await this.#processes.endAll();
    this.#enter('UNINSTALLED');
  }

  #begin(): void {
    this.#changes.tell();
    this.#life ??= this.#live();
  }

  async #live(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const seen = this.#changes.count;
      while (this.#desired[0] === this.#state) this.#desired.shift();
      const next = await this.#step(this.#desired[0]);
      if (this.#closed.signal.aborted) return;
      if (next !== undefined) this.#enter(next);
      else if (seen === this.#changes.count) await this.#changes.next();
    }
  }

  /** Does what its state asks for, and gives the next; undefined: there is nothing to do until something changes. */
  async #step(desired: State | undefined): Promise<State | undefined> {
    switch (this.#state) {
      case 'NEW':
        return desired === undefined ? undefined : this.#install();
      case 'INSTALLED':
        if (desired === 'RUNNING') return this.#parts.isReady() ? 'STARTING' : undefined;
        return desired === undefined ? undefined : afterStop(desired);
      case 'STARTING':
        return this.#startUp();
      case 'RUNNING':
        return this.#follow(desired);
      case 'STOPPING':
        return this.#shutDown();
      case 'FINISHED':
        return desired === undefined ? undefined : afterStop(desired);
      case 'ERRORED':
        return this.#recover(desired);
      case 'BROKEN':
        return this.#stayBroken(desired);
      case 'UNINSTALLING':
      case 'UNINSTALLED':
        return undefined;
    }
  }

  async #stayBroken(desired: State | undefined): Promise<State | undefined> {
    if (!this.#isCleanedUp) {
      if (this.#before !== 'NEW') await this.#processes.runToEnd('shutdown', SECONDS.shutdown);
      await this.#processes.endAll();
      this.#isCleanedUp = true;
    }
    if (desired !== 'NEW') return undefined;
    this.#errors.clearAll();
    return 'NEW';
  }

  async #install(): Promise<State> {
    await this.#processes.endAll();
    const failed = await this.#processes.runToEnd('install', SECONDS.stage, this.#closed.signal);
    return failed === undefined ? 'INSTALLED' : this.#fail(`install ${failed}`);
  }

  async #startUp(): Promise<State> {
    await this.#processes.endAll();
    this.#news.begin();
    const { timeoutSec, time, secondMs } = this.#parts;
    const startup = await this.#processes.start('startup');
    if (startup === undefined) return this.#run();
    this.#news.watch(startup, 'startup', 'RUNNING');
    const deadline = time.monotonic() + (timeoutSec('startup') ?? SECONDS.stage) * secondMs;
    for (;;) {
      const news = this.#news.next();
      if (news?.state === 'ERRORED') return this.#failStart(news.reason);
      if (news !== undefined) return news.state;
      if (this.#closed.signal.aborted || (this.#desired[0] ?? 'RUNNING') !== 'RUNNING') return 'STOPPING';
      const left = deadline - time.monotonic();
      if (left <= 0) return this.#failStart('startup took too long');
      await this.#changes.next(left);
    }
  }

  async #run(): Promise<State> {
    const { timeoutSec } = this.#parts;
    const run = await this.#processes.start('run');
    if (run === undefined) {
      this.#desired = this.#desired.filter((state) => state !== 'RUNNING');
      return 'FINISHED';
    }
    this.#news.watch(run, 'run', 'FINISHED');
    const limit = timeoutSec('run');
    if (limit !== undefined) void this.#news.limit(run, limit);
    return 'RUNNING';
  }

  #follow(desired: State | undefined): State | undefined {
    if (desired !== undefined) return 'STOPPING';
    const news = this.#news.takeEnd();
    if (news === undefined) return undefined;
    if (news.state === 'ERRORED') return this.#fail(news.reason);
    this.#desired = ['FINISHED'];
    return 'STOPPING';
  }

  async #shutDown(): Promise<State> {
    const failed = await this.#processes.runToEnd('shutdown', SECONDS.shutdown);
    await this.#processes.endAll();
    this.#failedToStart = false;
    if (failed === TIMED_OUT) return this.#fail(`shutdown ${failed}`);
    return afterStop(this.#desired[0] ?? 'FINISHED');
  }

  async #recover(desired: State | undefined): Promise<State> {
    await this.#processes.runToEnd('recover', SECONDS.recover, this.#closed.signal);
    if (desired === undefined) this.#desired = ['RUNNING'];
    if (this.#before === 'NEW') return 'NEW';
    return this.#before === 'STOPPING' ? afterStop(this.#desired[0] ?? 'FINISHED') : 'STOPPING';
  }

  #failStart(reason: string | undefined): State {
    this.#failedToStart = true;
    return this.#fail(reason);
  }

  /** ERRORED, or BROKEN for the third time in this state. */
  #fail(reason: string | undefined): State {
    this.#reason = reason;
    return this.#errors.add(this.#state, this.#parts.time.monotonic()) ? 'BROKEN' : 'ERRORED';
  }

  #enter(next: State): void {
    if (next === this.#state) return;
    const isError = next === 'ERRORED' || next === 'BROKEN';
    if (!isError) this.#errors.clear(this.#state);
    if (next === 'RUNNING' || next === 'FINISHED') this.#reason = undefined;
    // What counts in RUNNING outlives the way back through the other states.
    this.#before = this.#state;
    this.#state = next;
    this.#changedAt = this.#parts.time.monotonic();
    if (next === 'BROKEN') this.#isCleanedUp = false;
    this.#parts.onChange(this);
  }
}
