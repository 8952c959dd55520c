import { fail, ok, type Result } from '../domain/errors.ts';
import type { ModelInput, ModelOutput, Task } from '../domain/manifest.ts';
import type { GraphInfo } from './graph.ts';
import type { InitOptions } from './init.ts';

export type Contract = { readonly task: Task; readonly input: ModelInput; readonly output: ModelOutput };
type Value = GraphInfo['inputs'][number];

/** Reads from a graph what it takes and gives; what it leaves open must be in the options. */
export function contractOf(graph: GraphInfo, options: InitOptions): Result<Contract> {
  const input = inputOf(graph, options);
  if (!input.ok) return input;
  const output = pick('output', graph.outputs, options.output);
  if (!output.ok) return output;
  const shape = rowOf('output', output.value, 1);
  if (!shape.ok) return shape;
  const [size] = shape.value;
  const count = typeof size === 'number' ? size : options.labels?.length;
  if (count === undefined) return open('output', output.value, 'labels');
  if (options.labels !== undefined && options.labels.length !== count) {
    return fail('E_MODEL_CONTRACT', `${options.labels.length} labels for ${count} scores`);
  }
  const task = options.task ?? (count > 1 ? 'classification' : 'regression');
  const labels = options.labels ?? (count > 1 ? numbered('class', count) : [output.value.name]);
  return ok({ task, input: input.value, output: { name: output.value.name, labels } });
}

function inputOf(graph: GraphInfo, options: InitOptions): Result<ModelInput> {
  if (graph.inputs.length !== 1)
    return fail('E_MODEL_CONTRACT', `${graph.inputs.length} inputs; exactly one is needed`);
  const value = pick('input', graph.inputs, options.input);
  if (!value.ok) return value;
  const channelAxis = value.value.shape?.length === 3;
  const shape = rowOf('input', value.value, channelAxis ? 2 : 1);
  if (!shape.ok) return shape;
  const [first, second] = shape.value;
  const channelCount = channelAxis && typeof second === 'number' ? second : options.channels?.length;
  if (channelAxis && channelCount === undefined) return open('input', value.value, 'channels');
  const channels = options.channels ?? numbered('channel', channelCount ?? 1);
  if (channels.length !== (channelCount ?? 1)) {
    return fail('E_MODEL_CONTRACT', `${channels.length} channels for an input of ${channelCount}`);
  }
  const window = windowOf(first, channelAxis ? 1 : channels.length, options);
  if (window === undefined) return open('input', value.value, 'window');
  if (options.window !== undefined && options.window !== window) {
    return fail('E_MODEL_CONTRACT', `a window of ${options.window} for an input of ${window} samples`);
  }
  const { hop = window, sampleRateHz } = options;
  return ok({ name: value.value.name, window, hop, channels, channelAxis, ...(sampleRateHz && { sampleRateHz }) });
}

/** `values` are samples times channels where the channels have no axis of their own. */
function windowOf(values: number | string | undefined, channels: number, options: InitOptions): number | undefined {
  if (typeof values !== 'number') return options.window;
  return values % channels === 0 ? values / channels : undefined;
}

function pick(kind: string, values: readonly Value[], name: string | undefined): Result<Value> {
  const found =
    name === undefined ? values.filter((value) => value.dtype === 'float32') : values.filter((v) => v.name === name);
  const [value] = found;
  if (value !== undefined && found.length === 1 && value.dtype === 'float32') return ok(value);
  const there = values.map((each) => `${each.name} (${each.dtype})`).join(', ');
  return fail('E_MODEL_CONTRACT', `one ${kind} of float32 is needed${name ? ` named ${name}` : ''}; there is ${there}`);
}

/** The sizes after the first one, which must be free: it is how many windows run at once. */
function rowOf(kind: string, { name, shape }: Value, sizes: number): Result<readonly (number | string)[]> {
  const text = shape === undefined ? 'of unknown shape' : `[${shape.join(', ')}]`;
  if (shape === undefined || shape.length !== sizes + 1) {
    return fail(
      'E_MODEL_CONTRACT',
      `${kind} "${name}" is ${text}; ${kind === 'input' ? '[batch, window] or [batch, window, channels]' : '[batch, labels]'} is needed`,
    );
  }
  if (typeof shape[0] === 'number') {
    return fail('E_MODEL_CONTRACT', `${kind} "${name}" is ${text}; its first size must be free, for batches`);
  }
  return ok(shape.slice(1));
}

function open(kind: string, { name, shape }: Value, flag: string): Result<never> {
  return fail(
    'E_MODEL_CONTRACT',
    `${kind} "${name}" is [${shape?.join(', ')}], which leaves a size open: give --${flag}`,
  );
}

function numbered(word: string, count: number): string[] {
  return count === 1 ? [word] : Array.from({ length: count }, (_, i) => `${word}-${i}`);
}
