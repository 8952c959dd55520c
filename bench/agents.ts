import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { writeAgentConfig } from './agent-config.ts';
import type { Child, Children } from './children.ts';
import { modelFile } from './model.ts';
import type { Format } from './payloads.ts';

/** `naive` is the baseline, `null` answers without computing; the others are the agent in one of its forms. */
export type AgentKind = 'naive' | 'null' | 'inline' | 'process' | 'binary';

/** What all measurements share. */
export type Bench = {
  readonly children: Children;
  /** Temporary: configurations, logs, states. */
  readonly folder: string;
  readonly modelFolder: string;
  /** How often each measurement is repeated, in turn with the one that it is compared with. */
  readonly runs: number;
  readonly pace: Pace;
  /** Progress, for people. */
  readonly say: (line: string) => void;
};

/** How long each part of a measurement takes, milliseconds. */
export type Pace = {
  /** Under load, but not counted, until the code is compiled and the heap has found its size. */
  readonly warmupMs: number;
  readonly measureMs: number;
  /** After the first answer, until all that belongs to the start is over. */
  readonly settleMs: number;
  /** CPU time is counted in ticks of 10 ms: 2 % of five seconds are ten of them. */
  readonly idleMs: number;
  readonly swap: SwapPace;
};

export type SwapPace = {
  /** Between two orders: what belongs to the one before is over. */
  readonly pauseMs: number;
  /** Probation of the model that commits. */
  readonly watchMs: number;
  /** Of the load at most: whatever is measured must be over by then. */
  readonly loadMs: number;
  /** Values between the model's layers: 1,024 make 13 MB. */
  readonly width: number;
  /** Of the package that is verified and staged. */
  readonly stageBytes: number;
};

export const FULL_PACE: Pace = {
  warmupMs: 1_500,
  measureMs: 2_000,
  settleMs: 3_000,
  idleMs: 5_000,
  swap: { pauseMs: 500, watchMs: 1_000, loadMs: 30_000, width: 1_024, stageBytes: 100e6 },
};
/** Proves that every measurement works; its figures mean nothing. */
export const QUICK_PACE: Pace = {
  warmupMs: 100,
  measureMs: 200,
  settleMs: 100,
  idleMs: 500,
  swap: { pauseMs: 50, watchMs: 200, loadMs: 10_000, width: 64, stageBytes: 1e6 },
};

export const formatOf = (kind: AgentKind): Format => (kind === 'binary' ? 'f32le' : 'json');

const script = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Starts an agent that connects to the broker on this port of the loopback. */
export function startAgent(bench: Bench, kind: AgentKind, port: number): Child {
  const [program, ...args] = command(bench, kind, port);
  return bench.children.start(program, args);
}

const AGENT = script('../bin/openclaw-edge.js');

/** Starts an agent, isolated as by default, that takes rollouts signed by `trust`. Each has a state of its own. */
export function startRolloutAgent(bench: Bench, port: number, modelFolder: string, trust: string): Child {
  const label = `agent-${randomUUID()}`;
  const setting = { port, isolation: 'process', format: 'json', modelFolder, trust, label } as const;
  return bench.children.start(AGENT, ['agent', 'run', '--config', writeAgentConfig(bench.folder, setting)]);
}

/** The baselines are scripts; the agent is started by its own first line, as its users start it. */
function command(bench: Bench, kind: AgentKind, port: number): [string, ...string[]] {
  const baseline = ['--port', String(port), '--model', modelFile(bench.modelFolder)];
  switch (kind) {
    case 'naive':
      return [process.execPath, script('naive-agent.ts'), ...baseline];
    case 'null':
      return [process.execPath, script('null-agent.ts'), ...baseline];
    case 'inline':
    case 'process':
    case 'binary':
      return [AGENT, 'agent', 'run', '--config', configOf(bench, kind, port)];
    default:
      return kind satisfies never;
  }
}

function configOf(bench: Bench, kind: 'inline' | 'process' | 'binary', port: number): string {
  const isolation = kind === 'process' ? 'process' : 'none';
  return writeAgentConfig(bench.folder, { port, isolation, format: formatOf(kind), modelFolder: bench.modelFolder });
}
