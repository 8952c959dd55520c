import type { Time } from '../../pace.ts';
import type { Exit } from '../process-groups.ts';
import type { RunningStage } from '../stage-runner.ts';
import { MAX_ERRORS, SECONDS } from '../timing.ts';

/** What recipe2unit writes into a unit file, as far as systemd acts on it. */
export type UnitFile = {
  readonly type: 'oneshot' | 'exec' | 'notify';
  /** Seconds; 0 waits for ever. */
  readonly startSec: number;
  readonly stopSec: number;
  /** Exit codes beside 0 that are good. */
  readonly alsoGood?: readonly number[];
};

export type ActiveState = 'inactive' | 'activating' | 'active' | 'deactivating' | 'failed';
type ResultWord = 'success' | 'exit-code' | 'signal' | 'timeout' | 'protocol' | 'start-limit-hit';

export type UnitParts = {
  readonly file: UnitFile;
  readonly time: Time;
  readonly secondMs: number;
  readonly launch: () => RunningStage | Promise<RunningStage>;
  readonly onChange: (unit: Unit) => void;
};

/**
 * A service of systemd, as those that lite makes of stages behave: Restart=on-failure, RestartSec=1,
 * StartLimitBurst=3 in an hour; oneshot and notify with RemainAfterExit.
 */
export class Unit {
  readonly #parts: UnitParts;
  readonly #starts: number[] = [];
  #active: ActiveState = 'inactive';
  #result: ResultWord = 'success';
  #restarts = 0;
  #hasEnded = false;
  #running: RunningStage | undefined;
  /** Ends the life of the current start: stops, timeouts and restarts of it are void then. */
  #life = new AbortController();
  /** Ends the wait for a start that has come to its end. */
  #startLimit = new AbortController();
  #startedBy = Promise.resolve();

  constructor(parts: UnitParts) {
    this.#parts = parts;
  }

  get active(): ActiveState {
    return this.#active;
  }

  /** The state as gghealthd tells it (get_lifecycle_state). */
  get state(): string {
    switch (this.#active) {
      case 'activating':
        return 'STARTING';
      case 'active':
        return 'RUNNING';
      case 'deactivating':
        return 'STOPPING';
      default:
        if (!this.#hasEnded) return 'INSTALLED';
        if (this.#restarts >= MAX_ERRORS) return 'BROKEN';
        return this.#result === 'success' ? 'FINISHED' : 'ERRORED';
    }
  }

  get reason(): string | undefined {
    return this.#result === 'success' ? undefined : this.#result;
  }

  /** `systemctl start`: nothing happens to one that is active. */
  start(): void {
    if (this.#active !== 'inactive' && this.#active !== 'failed') return;
    this.#restarts = 0;
    this.#activate();
  }

  /** `systemctl stop`: resolves when all its processes have ended. */
  async stop(): Promise<void> {
    this.#life.abort();
    await this.#startedBy;
    if (this.#active === 'active' || this.#active === 'activating') {
      this.#become('deactivating');
      await this.#running?.end(this.#parts.file.stopSec * this.#parts.secondMs);
      this.#ended('success');
    }
  }

  /** `systemctl reset-failed`: failures and starts so far are forgotten. */
  resetFailed(): void {
    this.#starts.length = 0;
    this.#restarts = 0;
    if (this.#active === 'failed') {
      this.#result = 'success';
      this.#become('inactive');
    }
  }

  /** READY=1, STOPPING=1 and RELOADING=1 of sd_notify(3); NotifyAccess=all takes them from any of its processes. */
  notify(word: string): void {
    if (this.#parts.file.type !== 'notify') return;
    if (word === 'READY=1' && this.#active === 'activating' && this.#running !== undefined) this.#become('active');
    // It says it is stopping, so it is as if it had been told to.
    if (word === 'STOPPING=1' && this.#active === 'active') this.#become('deactivating');
  }

  #activate(): void {
    const { time, secondMs } = this.#parts;
    const now = time.monotonic();
    while ((this.#starts[0] ?? now) <= now - SECONDS.startLimitInterval * secondMs) this.#starts.shift();
    if (this.#starts.length >= MAX_ERRORS) {
      this.#result = 'start-limit-hit';
      this.#hasEnded = true;
      this.#become('failed');
      return;
    }
    this.#starts.push(now);
    this.#life = new AbortController();
    this.#become('activating');
    this.#startedBy = this.#live(this.#life.signal);
  }

  /** From the start of the process to the moment in which it is followed. */
  async #live(life: AbortSignal): Promise<void> {
    const { file, launch } = this.#parts;
    const running = await launch();
    this.#running = running;
    if (life.aborted) return;
    if (file.type === 'exec') this.#become('active');
    else if (file.startSec > 0) void this.#startWithin(file.startSec, running, life);
    void running.exited.then((exit) => {
      if (!life.aborted) void this.#exited(exit, running, life);
    });
  }

  async #startWithin(seconds: number, running: RunningStage, life: AbortSignal): Promise<void> {
    const { time, secondMs, file } = this.#parts;
    this.#startLimit = new AbortController();
    const over = AbortSignal.any([life, this.#startLimit.signal]);
    await time.sleep(seconds * secondMs, over).catch(() => {});
    if (over.aborted || this.#active !== 'activating' || running !== this.#running) return;
    this.#life.abort();
    await running.end(file.stopSec * secondMs);
    this.#fail('timeout');
  }

  async #exited(exit: Exit, running: RunningStage, life: AbortSignal): Promise<void> {
    const { file, secondMs } = this.#parts;
    this.#startLimit.abort();
    const isGood = exit.code !== null && (exit.code === 0 || (file.alsoGood ?? []).includes(exit.code));
    const remains = isGood && (file.type === 'oneshot' || (file.type === 'notify' && this.#active === 'active'));
    if (remains) {
      this.#become('active');
      return;
    }
    const wasReady = this.#active !== 'activating' || file.type === 'exec';
    // The other processes of the unit end with the first.
    await running.end(file.stopSec * secondMs);
    if (life.aborted) return;
    if (!isGood) this.#fail(exit.code === null ? 'signal' : 'exit-code');
    else if (wasReady) this.#ended('success');
    // It has ended well without a word (Type=notify).
    else this.#fail('protocol');
  }

  #fail(result: ResultWord): void {
    this.#result = result;
    this.#hasEnded = true;
    this.#restarts++;
    this.#running = undefined;
    this.#life = new AbortController();
    this.#become('activating');
    void this.#restart(this.#life.signal);
  }

  async #restart(life: AbortSignal): Promise<void> {
    const { time, secondMs } = this.#parts;
    await time.sleep(SECONDS.restartDelay * secondMs, life).catch(() => {});
    if (!life.aborted) this.#activate();
  }

  #ended(result: ResultWord): void {
    this.#result = result;
    this.#hasEnded = true;
    this.#running = undefined;
    this.#become('inactive');
  }

  #become(active: ActiveState): void {
    if (active === this.#active) return;
    if (active !== 'activating') this.#startLimit.abort();
    this.#active = active;
    this.#parts.onChange(this);
  }
}
