import type { InferenceSession } from 'onnxruntime-node';
import type { ModelInput, ModelOutput } from '../../domain/manifest.ts';

type Metadata = readonly InferenceSession.ValueMetadata[];

/** Tells how a graph differs from what its manifest promises; undefined when it does not. */
export function contractProblem(
  inputs: Metadata,
  outputs: Metadata,
  input: ModelInput,
  output: ModelOutput,
): string | undefined {
  const other = inputs.find((value) => value.name !== input.name);
  if (other !== undefined) return `the graph has an input "${other.name}" that the manifest does not name`;
  // Returning one of these aborts the whole process (onnxruntime-node 1.30), so the graph may not even have one.
  const deadly = outputs.find((value) => value.isTensor && /^u?int4$/.test(value.type));
  if (deadly !== undefined) return `output "${deadly.name}" is of a 4-bit type, which the runtime cannot return`;
  const { window, channels } = input;
  const row = input.channelAxis ? [window, channels.length] : [window * channels.length];
  return (
    tensorProblem('input', input.name, inputs, row) ??
    tensorProblem('output', output.name, outputs, [output.labels.length])
  );
}

/** `row` is the shape after the batch dimension. A symbolic dimension may become the right one: the warm-up sees. */
function tensorProblem(kind: string, name: string, values: Metadata, row: readonly number[]): string | undefined {
  const value = values.find((candidate) => candidate.name === name);
  if (value === undefined) return `the graph has no ${kind} "${name}"`;
  if (!value.isTensor || value.type !== 'float32') {
    return `${kind} "${name}" is ${value.isTensor ? value.type : 'not a tensor'}; float32 is needed`;
  }
  const fits =
    value.shape.length === row.length + 1 &&
    typeof value.shape[0] !== 'number' &&
    row.every((size, i) => typeof value.shape[i + 1] === 'string' || value.shape[i + 1] === size);
  if (fits) return undefined;
  return `${kind} "${name}" is [${value.shape.join(', ')}]; the manifest says [batch, ${row.join(', ')}]`;
}
