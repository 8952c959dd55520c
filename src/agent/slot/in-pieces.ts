import { ok, type Result } from '../../domain/errors.ts';
import { batchLimit } from '../../flow/batch-limit.ts';
import type { HeldModel } from './held-model.ts';

/**
 * Runs a batch in pieces of at most as many windows as the model was measured to take. The first batch after a swap was
 * made for the model before; whole, it could cost a slower one its deadline, and thereby its life.
 */
export async function runInPieces(
  { runner, loaded }: HeldModel,
  batch: Float32Array,
  count: number,
): Promise<Result<Float32Array>> {
  const limit = batchLimit(loaded, count);
  if (limit >= count) return runner.run(batch, count);
  const width = batch.length / count;
  const pieces: Float32Array[] = [];
  for (let from = 0; from < count; from += limit) {
    const to = Math.min(count, from + limit);
    const answered = await runner.run(batch.subarray(from * width, to * width), to - from);
    if (!answered.ok) return answered;
    pieces.push(answered.value);
  }
  return ok(Float32Array.from(pieces.flatMap((piece) => [...piece])));
}
