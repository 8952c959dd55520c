import { z } from 'zod';
import { fail, ok, type Result } from '../domain/errors.ts';
import type { GoldenCase, Manifest } from '../domain/manifest.ts';
import { problems } from './problems.ts';

/** Every case is run at each load: more would only make the start slow. */
const MAX_CASES = 64;
const MAX_NAME = 100;

/** Checks what golden.json holds against the manifest; tells every problem at once (E_MANIFEST_INVALID). */
export function parseGolden(document: unknown, manifest: Manifest): Result<readonly GoldenCase[]> {
  const parsed = casesOf(manifest).safeParse(document);
  return parsed.success
    ? ok(parsed.data)
    : fail('E_MANIFEST_INVALID', `golden.json: ${problems(parsed.error)}`, parsed.error);
}

function casesOf({ input, output, variants }: Manifest) {
  const scores = numbers(output.labels.length, 'one score a label');
  return z
    .array(
      z.strictObject({
        name: z.string().min(1).max(MAX_NAME),
        input: numbers(input.window * input.channels.length, 'window x channels values'),
        scores: z.strictObject(Object.fromEntries(variants.map((variant) => [variant.id, scores]))),
      }),
    )
    .min(1)
    .max(MAX_CASES) satisfies z.ZodType<readonly GoldenCase[]>;
}

/** z.number() refuses NaN and infinities. */
function numbers(length: number, what: string) {
  return z.array(z.number()).length(length, `must hold ${length} numbers (${what})`);
}
