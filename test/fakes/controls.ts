import type {
  AgentControls,
  AgentMode,
  Inference,
  PipelineControl,
  PipelineDiagnosis,
  PipelineState,
  PipelineStatus,
  ReloadReport,
  Threshold,
} from '../../src/agent/commands/controls.ts';
import { type BusFacts, Health, type HealthSnapshot, type LoopDelay } from '../../src/agent/health.ts';
import { Counters, Metrics } from '../../src/agent/metrics.ts';
import { type Failure, fail, ok, type Result } from '../../src/domain/errors.ts';
import { MESSAGE_CLASSES, type MessageClass } from '../../src/domain/message.ts';
import { DEVICE_COUNTERS } from '../../src/domain/metrics.ts';
import type { Route } from '../../src/domain/route.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { LogLevel } from '../../src/ports/log.ts';
import type { OutboxStats } from '../../src/ports/outbox.ts';
import { FakeClock } from './clock.ts';

/** One agent without a data path: its state is what the test says. */
export class FakePipeline implements PipelineControl {
  rollouts: PipelineControl['rollouts'];
  readonly name: string;
  modelName = 'bearing-fault';
  readonly metrics = new Metrics();
  state: PipelineState = 'running';
  problem: Failure | undefined;
  alarmsActive = 0;
  restarts = 0;
  sleepUntilMs: number | undefined;
  /** What infer was asked, and how it answers. */
  readonly inferred: { readonly values: Float32Array; readonly key: string | undefined }[] = [];
  answer: () => Promise<Result<Inference>> = async () => ok({ label: 'normal', score: 0.9, scores: { normal: 0.9 } });
  thresholds: Record<string, Threshold> = { worn: { direction: 'above', raise: 0.8, clear: 0.5 } };
  version = '1.2.0';

  constructor(name: string) {
    this.name = name;
  }

  status(): PipelineStatus {
    const { name, state, problem, sleepUntilMs, alarmsActive, thresholds } = this;
    return {
      ...{ name, state, problem, sleepUntilMs, alarmsActive, thresholds: { ...thresholds } },
      model: { name: 'bearing-fault', version: this.version, variant: 'small-fp32', provider: 'cpu' },
      isolation: 'process',
      runner: { state: 'ready', restarts: this.restarts, lastFailure: undefined, rssBytes: 50e6, pid: 4711, cpuMs: 12 },
      queueDepth: 0,
      keys: 3,
      metrics: this.metrics.snapshot(),
    };
  }

  diagnose(): PipelineDiagnosis {
    return { deadLetters: [{ reason: 'not-json', topic: 't', timeMs: 0, bytes: 3, head: 'YWJj' }], extra: {} };
  }

  infer(values: Float32Array, key: string | undefined): Promise<Result<Inference>> {
    this.inferred.push({ values, key });
    return this.answer();
  }

  sleep(untilMs: number | undefined): void {
    this.state = 'asleep';
    this.sleepUntilMs = untilMs;
  }

  wake(): void {
    this.state = 'running';
    this.sleepUntilMs = undefined;
  }

  setThreshold(rule: string, raise: number, clear: number): Result<void> {
    const threshold = this.thresholds[rule];
    if (threshold === undefined) return fail('E_INTERNAL', rule);
    this.thresholds[rule] = { ...threshold, raise, clear };
    return ok(undefined);
  }
}

/** A device without buses and models. */
export class FakeControls implements AgentControls {
  readonly agents: Map<string, FakePipeline>;
  readonly version = '0.1.0';
  readonly startedAtMs = Date.UTC(2026, 0, 1);
  readonly counters = new Counters(DEVICE_COUNTERS);
  logLevel: LogLevel = 'info';
  mode: AgentMode = 'active';
  outbox = emptyOutbox();
  rssBytes = 100e6;
  loopDelayMs: LoopDelay = { p50: 1, p99: 2, max: 3 };
  buses: Partial<Record<Route, BusFacts>> = { mqtt: { state: 'online', error: undefined } };
  reloads = 0;
  loopResets = 0;
  reloading: () => Promise<Result<ReloadReport>> = async () => ok({ applied: ['logLevel'], refused: [] });
  readonly healthOf: Health;

  constructor(names: readonly string[] = ['press'], clock: Clock = new FakeClock()) {
    this.agents = new Map(names.map((name) => [name, new FakePipeline(name)]));
    this.healthOf = new Health({
      clock,
      counters: this.counters,
      agents: () => this.agents.values(),
      buses: () => this.buses,
      outbox: () => this.outbox,
      rss: () => this.rssBytes,
      loopDelay: { read: () => this.loopDelayMs, reset: () => void this.loopResets++ },
    });
  }

  /** The agent of that name; the only one by default. */
  agent(name = [...this.agents.keys()][0] ?? ''): FakePipeline {
    const agent = this.agents.get(name);
    if (agent === undefined) throw new Error(`no agent ${name}`);
    return agent;
  }

  health(): HealthSnapshot {
    return this.healthOf.snapshot();
  }

  reload(): Promise<Result<ReloadReport>> {
    this.reloads++;
    return this.reloading();
  }

  setLogLevel(level: LogLevel): void {
    this.logLevel = level;
  }

  setMode(mode: AgentMode): void {
    this.mode = mode;
  }
}

function emptyOutbox(): OutboxStats & { dropped: Record<MessageClass, number> } {
  const none = () => Object.fromEntries(MESSAGE_CLASSES.map((name) => [name, 0])) as Record<MessageClass, number>;
  return { newestSeq: 0, rows: 0, rowsByClass: none(), bytes: 4096, dropped: none(), quarantined: 0, damaged: 0 };
}
