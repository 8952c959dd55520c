import { InlineRunner } from '../../src/adapters/onnx/inline-runner.ts';
import { ok, type Result } from '../../src/domain/errors.ts';
import { type ModelPackage, readVariant } from '../../src/package/load.ts';
import type { Sample } from './figures.ts';

/** Asks a variant of a package, loaded and run as an agent does, for the scores of every sample, one window at a time. */
export async function scoresOf(
  pkg: ModelPackage,
  variantId: string,
  samples: readonly Sample[],
): Promise<Result<readonly Float32Array[]>> {
  const { manifest } = pkg;
  const read = await readVariant(pkg, variantId);
  if (!read.ok) return read;
  const label = `${manifest.name}@${manifest.version}/${variantId}`;
  const runner = new InlineRunner({ threads: 1, provider: () => Promise.resolve(ok('cpu')) });
  try {
    const { input, output } = manifest;
    const started = await runner.start({ label, bytes: read.value.bytes, input, output });
    if (!started.ok) return started;
    const scores: Float32Array[] = [];
    for (const sample of samples) {
      const answer = await runner.run(sample.input, 1);
      if (!answer.ok) return answer;
      scores.push(answer.value);
    }
    return ok(scores);
  } finally {
    await runner.stop();
  }
}
