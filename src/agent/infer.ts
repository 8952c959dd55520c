import { fail, ok, type Result } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { Inference } from './commands/controls.ts';
import type { Pipeline } from './pipeline.ts';

type Prepared = { readonly manifest: Manifest; readonly pipeline: Pick<Pipeline, 'ask' | 'outcomeOf'> };

/** Runs one window of a command through the model, and tells what it would have decided. */
export async function infer({ manifest, pipeline }: Prepared, values: Float32Array): Promise<Result<Inference>> {
  const { input, output } = manifest;
  const wanted = input.window * input.channels.length;
  if (values.length !== wanted)
    return fail('E_COMMAND_ARGS', `values holds ${values.length} numbers; the model takes ${wanted}`);
  const answer = await pipeline.ask(values);
  if (!answer.ok) return answer;
  const outcome = pipeline.outcomeOf(answer.value);
  if (outcome === undefined) return fail('E_MODEL_CONTRACT', 'the scores are not all finite');
  const scores = Object.fromEntries(output.labels.map((label, index) => [label, answer.value[index] ?? Number.NaN]));
  return ok({ ...outcome, scores });
}
