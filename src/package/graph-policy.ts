import { fail, ok, type Result } from '../domain/errors.ts';
import type { GraphInfo } from './graph.ts';

/** Operators that ONNX Runtime brings along. Any other domain needs a library, and a package carries no code. */
const KNOWN_DOMAINS: readonly string[] = ['ai.onnx', 'ai.onnx.ml', 'com.microsoft'];

/** Values of one output for one window: four times the labels that a manifest may name. */
const MAX_OUTPUT_VALUES = 16_384;

/** Refuses graphs that no package may carry, whatever its manifest says (E_MODEL_CONTRACT). */
export function checkGraphPolicy(graph: GraphInfo): Result<void> {
  const foreign = graph.domains.filter((domain) => !KNOWN_DOMAINS.includes(domain));
  if (foreign.length > 0) return fail('E_MODEL_CONTRACT', `it needs operators of ${foreign.join(', ')}`);
  if (graph.externalData)
    return fail('E_MODEL_CONTRACT', 'weights lie in another file; put them into the model itself');
  for (const { name, shape } of graph.outputs) {
    const values = (shape ?? []).slice(1).reduce<number>((size, dim) => size * (typeof dim === 'number' ? dim : 1), 1);
    if (values > MAX_OUTPUT_VALUES) {
      return fail('E_MODEL_CONTRACT', `output "${name}" has ${values} values a window, ${MAX_OUTPUT_VALUES} at most`);
    }
  }
  return ok(undefined);
}
