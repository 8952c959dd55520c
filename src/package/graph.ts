import onnxProto from 'onnx-proto';
import { fail, ok, type Result } from '../domain/errors.ts';
import { dependencies } from './graph-dependencies.ts';

const { onnx } = onnxProto;
type ValueInfo = NonNullable<NonNullable<InstanceType<typeof onnx.ModelProto>['graph']>['input']>[number];

type GraphValue = {
  readonly name: string;
  /** As ONNX Runtime calls it: float32, int64, ... */
  readonly dtype: string;
  /** A name stands for a size that may change; undefined: the graph does not tell the shape. */
  readonly shape: readonly (number | string)[] | undefined;
};

export type GraphInfo = {
  /** What must be fed: initializers that are listed as inputs too are left out. */
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Version by operator domain; the standard one is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Domains whose operators are used, those of the model's own functions left out. */
  readonly domains: readonly string[];
  /** Some tensors lie in another file. */
  readonly externalData: boolean;
  readonly nodes: number;
  readonly producer: string;
};

/** Tensor element types by number (onnx.proto, TensorProto.DataType); from 17 on newer than onnx-proto's own table. */
const DTYPES = [
  ...['undefined', 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16'],
  ...['float64', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16', 'float8e4m3fn', 'float8e4m3fnuz'],
  ...['float8e5m2', 'float8e5m2fnuz', 'uint4', 'int4', 'float4e2m1'],
] as const;

/** Returning one of these aborts the whole process (onnxruntime-node 1.30), so no graph may have one as output. */
const DEADLY_OUTPUTS: readonly string[] = ['uint4', 'int4', 'float4e2m1'];

/** Reads what a model promises, without a runtime. Broken files are E_MODEL_LOAD, 4-bit outputs E_MODEL_CONTRACT. */
export function inspectGraph(bytes: Uint8Array): Result<GraphInfo> {
  let model: InstanceType<typeof onnx.ModelProto>;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch (thrown) {
    return fail('E_MODEL_LOAD', 'the file is not an ONNX model', thrown);
  }
  const { graph } = model;
  if (!graph?.node?.length) return fail('E_MODEL_LOAD', 'the file holds no graph');

  const constants = new Set(graph.initializer?.map((tensor) => tensor.name));
  const inputs = (graph.input ?? []).filter((value) => !constants.has(value.name)).map(describe);
  const outputs = (graph.output ?? []).map(describe);
  const deadly = outputs.find((value) => DEADLY_OUTPUTS.includes(value.dtype));
  if (deadly !== undefined) {
    return fail('E_MODEL_CONTRACT', `output "${deadly.name}" is ${deadly.dtype}, which the runtime cannot return`);
  }
  const opsets = Object.fromEntries(model.opsetImport.map((set) => [set.domain || 'ai.onnx', Number(set.version)]));
  return ok({ inputs, outputs, opsets, ...dependencies(model), nodes: graph.node.length, producer: producer(model) });
}

function describe(value: ValueInfo): GraphValue {
  const tensor = value.type?.tensorType;
  const shape = tensor?.shape?.dim?.map((size) => size.dimParam || Number(size.dimValue ?? 0) || '?');
  return { name: value.name ?? '', dtype: dtypeOf(tensor?.elemType), shape };
}

function dtypeOf(code: number | null | undefined): string {
  if (code === undefined || code === null) return 'not a tensor';
  return DTYPES[code] ?? `type ${code}`;
}

function producer(model: InstanceType<typeof onnx.ModelProto>): string {
  return [model.producerName, model.producerVersion].filter((part) => part !== '').join(' ');
}
