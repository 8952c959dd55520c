import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail, ok, type Result } from '../domain/errors.ts';
import type { GoldenCase, Manifest, ModelInput, ModelOutput, Task, Variant } from '../domain/manifest.ts';
import { type GraphInfo, inspectGraph } from './graph.ts';
import { checkGraphPolicy } from './graph-policy.ts';
import { type Contract, contractOf } from './init-contract.ts';
import { goldenWindows } from './init-golden.ts';
import { type ManifestDocument, parseManifest } from './manifest.ts';
import { readRegularFile } from './read-file.ts';

const MAX_MODEL_BYTES = 512 * 1024 * 1024;
/** The runtimes of two processors differ in the last digits: a part in a thousand of the largest score is no other answer. */
const TOLERANCE_SHARE = 0.001;
const MIN_TOLERANCE = 1e-4;
/** A device is some ten times slower than a desk, and a p99 some times its median. */
const LATENCY_FACTOR = 30;
const MIN_LATENCY_BUDGET_MS = 5;

export type InitOptions = {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly task?: Task | undefined;
  /** Name of the input and of the output, where the graph has several. */
  readonly input?: string | undefined;
  readonly output?: string | undefined;
  readonly window?: number | undefined;
  readonly hop?: number | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly sampleRateHz?: number | undefined;
  readonly size?: Variant['size'] | undefined;
  readonly precision?: Variant['precision'] | undefined;
};

/** Runs the model on windows, one after the other; `singleMs` is the median time of one. */
export type RunModel = (
  model: { label: string; bytes: Uint8Array; input: ModelInput; output: ModelOutput },
  windows: readonly Float32Array[],
) => Promise<Result<{ scores: readonly Float32Array[]; singleMs: number }>>;

export type Initialised = {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly golden: readonly GoldenCase[];
};

/**
 * Makes a package of one ONNX file: reads the contract from its graph, runs it for the golden cases, and writes manifest,
 * golden cases, model and card to a new folder, which appears whole or not at all. Graphs that the contract cannot take
 * are E_MODEL_CONTRACT.
 */
export async function initPackage(
  modelFile: string,
  folder: string | undefined,
  options: InitOptions,
  run: RunModel,
): Promise<Result<Initialised>> {
  const read = await readRegularFile(modelFile, MAX_MODEL_BYTES, 'E_MODEL_LOAD');
  if (!read.ok) return read;
  const bytes = read.value;
  const graph = inspectGraph(bytes);
  if (!graph.ok) return graph;
  const policy = checkGraphPolicy(graph.value);
  if (!policy.ok) return policy;
  const contract = contractOf(graph.value, options);
  if (!contract.ok) return contract;

  const name = options.name ?? nameOf(modelFile);
  const windows = goldenWindows(contract.value.input);
  const ran = await run(
    { label: name, bytes, ...contract.value },
    [...windows.values()].map((window) => Float32Array.from(window)),
  );
  if (!ran.ok) return ran;
  const { scores, singleMs } = ran.value;
  const bad = scores.findIndex((row) => !row.every(Number.isFinite));
  if (bad >= 0)
    return fail('E_MODEL_CONTRACT', `it answers ${[...windows.keys()][bad]} with numbers that are not finite`);

  const variant = variantOf(bytes, options);
  const document = documentOf({ name, options, contract: contract.value, graph: graph.value, variant });
  const largest = Math.max(0, ...scores.flatMap((row) => [...row].map(Math.abs)));
  const manifest = parseManifest({
    ...document,
    gates: {
      goldenTolerance: Math.max(MIN_TOLERANCE, roundUp(largest * TOLERANCE_SHARE)),
      latencyBudgetMs: Math.max(MIN_LATENCY_BUDGET_MS, Math.ceil(singleMs * LATENCY_FACTOR)),
    },
  });
  if (!manifest.ok) return manifest;
  const golden = [...windows].map(([title, input], i) => ({
    name: title,
    input,
    scores: { [variant.id]: [...(scores[i] ?? [])] },
  }));
  return write(folder ?? `${name}-${manifest.value.version}`, manifest.value, golden, bytes);
}

function variantOf(bytes: Uint8Array, { size = 'small', precision = 'fp32' }: InitOptions): Variant {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { id: size, file: `${size}.onnx`, size, precision, bytes: bytes.length, sha256 };
}

type Parts = {
  readonly name: string;
  readonly options: InitOptions;
  readonly contract: Contract;
  readonly graph: GraphInfo;
  readonly variant: Variant;
};

function documentOf({ name, options, contract, graph, variant }: Parts): Omit<ManifestDocument, 'gates'> {
  const { task, input, output } = contract;
  return {
    schemaVersion: 1,
    name,
    version: options.version ?? '1.0.0',
    task,
    description: options.description ?? `${task} by ${variant.file}`,
    input: { ...input, channels: [...input.channels] },
    output: { name: output.name, labels: [...output.labels] },
    variants: [variant],
    requires: { opset: graph.opsets['ai.onnx'] ?? 0 },
  };
}

/** A file's name as a package's: `My Model_v2.onnx` is my-model-v2. */
function nameOf(file: string): string {
  const name = basename(file, '.onnx')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return name.replace(/^-+|-+$/g, '').slice(0, 63) || 'model';
}

/** Two digits are enough of a tolerance. */
function roundUp(value: number): number {
  return Number(value.toPrecision(2));
}

async function write(
  folder: string,
  manifest: Manifest,
  golden: readonly GoldenCase[],
  bytes: Uint8Array,
): Promise<Result<Initialised>> {
  if (await stat(folder).catch(() => undefined)) return fail('E_PACKAGE_EXISTS', folder);
  const making = join(dirname(folder), `.${basename(folder)}.${process.pid}.part`);
  try {
    await mkdir(making, { recursive: true });
    await writeFile(join(making, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await writeFile(join(making, 'golden.json'), `${JSON.stringify(golden)}\n`);
    await writeFile(join(making, manifest.variants[0]?.file ?? ''), bytes);
    await writeFile(join(making, 'MODEL_CARD.md'), card(manifest));
    await rename(making, folder);
    return ok({ folder, manifest, golden });
  } catch (thrown) {
    await rm(making, { recursive: true, force: true });
    return fail('E_STATE_IO', `${folder} cannot be written`, thrown);
  }
}

function card({ name, version, description, input, output }: Manifest): string {
  return [
    `# ${name} ${version}`,
    '',
    description,
    '',
    `Takes ${input.window} samples of ${input.channels.join(', ')}; answers ${output.labels.join(', ')}.`,
    '',
    'To be written: the data it was trained on, how good it is and on what, and where it must not be used.',
    '',
  ].join('\n');
}
