import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Launch } from './runner-process.ts';

export type LaunchOptions = {
  /** Shown in the process list. */
  readonly label: string;
  /** The script of the runner process; another one in a bundle and in tests. */
  readonly entry?: string | undefined;
  /** Where V8 keeps compiled code: without it, stripping the types alone costs 40 ms and 18 MB. */
  readonly compileCache?: string | undefined;
};

/** By the `imports` of package.json: a bundle has another one, and its own runner. */
export const RUNNER_ENTRY = fileURLToPath(import.meta.resolve('#runner'));

/** Models and batches lie outside V8's heap; a small heap keeps the runner small. */
const MAX_OLD_SPACE_MB = 64;
const MAX_SEMI_SPACE_MB = 2;
/** All that a runner may see of the agent's environment: where GPU libraries are, and which GPU to use. */
const PASSED_ON = ['LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES'] as const;

/** How to start a runner process: this Node, few flags, and an environment that holds no secret. */
export function runnerLaunch(options: LaunchOptions): Launch {
  const flags = [`--max-old-space-size=${MAX_OLD_SPACE_MB}`, `--max-semi-space-size=${MAX_SEMI_SPACE_MB}`];
  const env: Record<string, string> = { ORT_DISABLE_TELEMETRY: '1', HOME: '/dev/null' };
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  if (options.compileCache !== undefined) env['NODE_COMPILE_CACHE'] = options.compileCache;
  return { argv: [process.execPath, ...flags, options.entry ?? RUNNER_ENTRY, options.label], env };
}

/** The base of Node's compile cache, from the folder of this version inside it that Node tells. */
export function compileCacheBase(versionFolder: string | undefined): string | undefined {
  return versionFolder === undefined ? undefined : dirname(versionFolder);
}
