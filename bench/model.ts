import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import type { GoldenCase } from '../src/domain/manifest.ts';
import type { ManifestDocument } from '../src/package/manifest.ts';
import { seeded } from '../src/sim/random.ts';

const { onnx } = onnxProto;

export const MODEL = { name: 'bench-mlp', version: '1.0.0', variant: 'small-fp32', input: 'window', output: 'error' };
/** Samples a window: what one message of the benchmarks holds. */
export const WINDOW = 64;

export type ModelForm = {
  readonly version: string;
  /** Values between its layers; the first and the last are a window. */
  readonly layers: readonly number[];
  /** Added to the last bias: makes another model of it that answers nearly the same. */
  readonly nudge: number;
  readonly gates: ManifestDocument['gates'];
};

/** An autoencoder, small enough that the agent and not the model is measured. */
const SMALL: ModelForm = {
  version: MODEL.version,
  layers: [WINDOW, 32, 8, 32, WINDOW],
  nudge: 0,
  gates: { goldenTolerance: 1e-4, latencyBudgetMs: 5 },
};
/** ReduceL2 takes its axes as an attribute up to 17. */
const OPSET = 17;
const GOLDEN_CASES = 3;
const SEED = 42;

type Layer = {
  readonly rows: number;
  readonly columns: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
};

/** Writes a model package whose score is the reconstruction error of a seeded autoencoder; returns its folder. */
export function writeModelPackage(folder: string, form: ModelForm = SMALL): string {
  mkdirSync(folder, { recursive: true });
  const random = seeded(SEED).uniform;
  const drawn = form.layers.slice(1).map((columns, i) => layer(form.layers[i] ?? WINDOW, columns, random));
  const layers = drawn.map((each, i) =>
    i < drawn.length - 1 ? each : { ...each, bias: each.bias.map((bias) => bias + form.nudge) },
  );
  const bytes = encodeGraph(layers);
  const file = `${MODEL.variant}.onnx`;
  writeFileSync(join(folder, file), bytes);
  writeFileSync(join(folder, 'golden.json'), JSON.stringify(goldenCases(layers, random), null, 2));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest(file, bytes, form), null, 2));
  return folder;
}

export const modelFile = (folder: string): string => join(folder, `${MODEL.variant}.onnx`);

function layer(rows: number, columns: number, random: () => number): Layer {
  const scale = 1 / Math.sqrt(rows);
  const draw = (count: number) => Float32Array.from({ length: count }, () => (random() * 2 - 1) * scale);
  return { rows, columns, weights: draw(rows * columns), bias: draw(columns) };
}

function encodeGraph(layers: readonly Layer[]): Uint8Array {
  const nodes = layers.flatMap((_, i) => {
    const last = i === layers.length - 1;
    const gemm = {
      opType: 'Gemm',
      input: [i === 0 ? MODEL.input : `a${i}`, `w${i}`, `b${i}`],
      output: [last ? 'decoded' : `g${i}`],
    };
    return last ? [gemm] : [gemm, { opType: 'Relu', input: [`g${i}`], output: [`a${i + 1}`] }];
  });
  const { INT, INTS } = onnx.AttributeProto.AttributeType;
  const graph = {
    name: MODEL.name,
    node: [
      ...nodes,
      { opType: 'Sub', input: ['decoded', MODEL.input], output: ['difference'] },
      {
        opType: 'ReduceL2',
        input: ['difference'],
        output: [MODEL.output],
        attribute: [
          { name: 'axes', type: INTS, ints: [1] },
          { name: 'keepdims', type: INT, i: 1 },
        ],
      },
    ],
    initializer: layers.flatMap((l, i) => [
      tensor(`w${i}`, [l.rows, l.columns], l.weights),
      tensor(`b${i}`, [l.columns], l.bias),
    ]),
    input: [value(MODEL.input, WINDOW)],
    output: [value(MODEL.output, 1)],
  };
  const model = { irVersion: 8, producerName: 'bench', opsetImport: [{ domain: '', version: OPSET }], graph };
  return onnx.ModelProto.encode(onnx.ModelProto.create(model)).finish();
}

function tensor(name: string, dims: number[], data: Float32Array) {
  return { name, dims, dataType: onnx.TensorProto.DataType.FLOAT, rawData: new Uint8Array(data.buffer) };
}

function value(name: string, width: number) {
  const shape = { dim: [{ dimParam: 'batch' }, { dimValue: width }] };
  return { name, type: { tensorType: { elemType: onnx.TensorProto.DataType.FLOAT, shape } } };
}

/** The truth comes from plain arithmetic here, not from the runtime that is tested with it. */
function goldenCases(layers: readonly Layer[], random: () => number): GoldenCase[] {
  return Array.from({ length: GOLDEN_CASES }, (_, i) => {
    const input = Float32Array.from({ length: WINDOW }, () => random() * 2 - 1);
    return { name: `noise-${i}`, input: [...input], scores: { [MODEL.variant]: [reconstructionError(layers, input)] } };
  });
}

function reconstructionError(layers: readonly Layer[], input: Float32Array): number {
  let activation = [...input];
  for (const [i, l] of layers.entries()) {
    const sums = [...l.bias];
    for (let row = 0; row < l.rows; row++) {
      for (let column = 0; column < l.columns; column++) {
        sums[column] = (sums[column] ?? 0) + (activation[row] ?? 0) * (l.weights[row * l.columns + column] ?? 0);
      }
    }
    activation = i === layers.length - 1 ? sums : sums.map((sum) => Math.max(0, sum));
  }
  return Math.hypot(...activation.map((decoded, i) => decoded - (input[i] ?? 0)));
}

function manifest(file: string, bytes: Uint8Array, { version, gates }: ModelForm): ManifestDocument {
  return {
    schemaVersion: 1,
    name: MODEL.name,
    version,
    task: 'anomaly',
    description: 'An autoencoder with seeded weights, for benchmarks only.',
    input: { name: MODEL.input, window: WINDOW, hop: WINDOW, channels: ['value'], channelAxis: false },
    output: { name: MODEL.output, labels: ['error'] },
    variants: [
      {
        id: MODEL.variant,
        file,
        size: 'small',
        precision: 'fp32',
        bytes: bytes.byteLength,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
    ],
    gates,
    requires: { opset: OPSET },
  };
}
