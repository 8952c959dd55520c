import { resolve } from 'node:path';
import { ok, type Result } from '../domain/errors.ts';
import type { Task, Variant } from '../domain/manifest.ts';
import { type InitOptions, initPackage, type RunModel } from '../package/init.ts';
import type { CliCommand, ExitCode, Flag } from './command.ts';
import { anyText, integer, number, oneOf } from './flag-values.ts';
import { printError, printJson, printProgress } from './io.ts';
import type { MakeRunner } from './model-test.ts';

const STOP_DEADLINE_MS = 2_000;
const MAX_WINDOW = 1_048_576;
const MAX_RATE_HZ = 1e9;
const TASKS: readonly Task[] = ['classification', 'regression', 'anomaly'];
const SIZES: readonly Variant['size'][] = ['small', 'large'];
const PRECISIONS: readonly Variant['precision'][] = ['fp32', 'fp16', 'int8', 'int4'];

/** `--version` and `--output` belong to every command: the package's version and the graph's output have other names. */
export type ModelInitFlags = Omit<InitOptions, 'version' | 'output'> & {
  modelVersion: string;
  scores: string | undefined;
  out: string | undefined;
};

const FLAGS: readonly Flag<ModelInitFlags>[] = [
  { key: 'out', name: '--out <folder>', description: 'the folder to make; NAME-VERSION here', parse: anyText },
  { key: 'name', name: '--name <name>', description: "the package's name; the file's name", parse: anyText },
  {
    key: 'modelVersion',
    name: '--model-version <version>',
    description: 'such as 1.4.0',
    default: '1.0.0',
    parse: anyText,
  },
  { key: 'description', name: '--description <text>', description: 'one line for people', parse: anyText },
  {
    key: 'task',
    name: '--task <task>',
    description: `${TASKS.join(', ')}; from the number of scores where it is left out`,
    parse: oneOf(TASKS),
  },
  { key: 'input', name: '--input <name>', description: "the graph's input, where it has several", parse: anyText },
  { key: 'scores', name: '--scores <name>', description: "the graph's output, where it has several", parse: anyText },
  {
    key: 'window',
    name: '--window <samples>',
    description: 'samples a window, where the graph leaves it open',
    parse: integer(1, MAX_WINDOW),
  },
  {
    key: 'hop',
    name: '--hop <samples>',
    description: 'samples between two windows; as many as a window has',
    parse: integer(1, MAX_WINDOW),
  },
  { key: 'channels', name: '--channels <a,b>', description: 'names of the channels, in order', parse: names },
  { key: 'labels', name: '--labels <a,b>', description: 'names of the scores, in order', parse: names },
  {
    key: 'sampleRateHz',
    name: '--sample-rate-hz <hz>',
    description: 'samples a second, for people',
    parse: number(1e-6, MAX_RATE_HZ),
  },
  { key: 'size', name: '--size <size>', description: SIZES.join(' or '), default: 'small', parse: oneOf(SIZES) },
  {
    key: 'precision',
    name: '--precision <precision>',
    description: PRECISIONS.join(', '),
    default: 'fp32',
    parse: oneOf(PRECISIONS),
  },
];

/** `model init MODEL.onnx`: makes a package folder of a model, with golden cases from a run on this machine. */
export function modelInit(makeRunner: MakeRunner): CliCommand<ModelInitFlags> {
  return {
    name: 'model init',
    summary: 'Make a model package of an ONNX file',
    args: [{ name: '<model>', description: 'an .onnx file: [batch, window] or [batch, window, channels] to scores' }],
    flags: FLAGS,
    async run({ args, flags }, io): Promise<ExitCode> {
      const { out, modelVersion, scores, ...rest } = flags;
      const options = { ...rest, version: modelVersion, output: scores };
      const made = await initPackage(resolve(args[0] ?? ''), out, options, runWith(makeRunner));
      if (!made.ok) return printError(io, made.error);
      const { folder, manifest, golden } = made.value;
      if (io.output !== 'table') printJson(io, { ok: true, folder, manifest, goldenCases: golden.length });
      else {
        io.stdout.write(`${folder}\n`);
        printProgress(io, `${manifest.name} ${manifest.version} (${manifest.task}): complete MODEL_CARD.md, then`);
        printProgress(io, 'put real windows into golden.json, and set the gates in manifest.json');
      }
      return 0;
    },
  };
}

function runWith(makeRunner: MakeRunner): RunModel {
  return async (model, windows) => {
    const runner = makeRunner('cpu');
    try {
      const loaded = await runner.start(model);
      if (!loaded.ok) return loaded;
      const scores: Float32Array[] = [];
      for (const window of windows) {
        const ran = await runner.run(window, 1);
        if (!ran.ok) return ran;
        scores.push(ran.value);
      }
      return ok({ scores, singleMs: loaded.value.singleMs });
    } finally {
      await runner.stop(STOP_DEADLINE_MS);
    }
  };
}

function names(text: string): Result<readonly string[]> {
  const parts = text.split(',').map((part) => part.trim());
  const empty = parts.map(anyText).find((part) => !part.ok);
  return empty === undefined || empty.ok ? ok(parts) : empty;
}
