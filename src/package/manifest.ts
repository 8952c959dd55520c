import { z } from 'zod';
import { fail, ok, type Result } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import { GATES_SCHEMA } from './gates.ts';
import { problems } from './problems.ts';

/** A window of a million values is 4 MB of float32: far beyond any sensor model, and still harmless to allocate. */
const MAX_WINDOW_VALUES = 1_048_576;
const MAX_CHANNELS = 1024;
const MAX_LABELS = 4096;
const MAX_VARIANTS = 16;
/** Ten bins are the custom for a population stability index; more only make it noisy. */
const MAX_EDGES = 99;
/** Shares are written with a few digits, and need not add up to 1 exactly. */
const SHARES_ROUNDING = 0.01;
/** The largest model file that is read: four times the 68 MB that a device of this class was measured with, rounded up. */
const MAX_MODEL_BYTES = 512 * 1024 * 1024;
/** ONNX Runtime 1.30 knows opsets up to this one. */
const MAX_OPSET = 25;
const MAX_TEXT = 500;

/** Checks what manifest.json holds; tells every problem at once (E_MANIFEST_INVALID). */
export function parseManifest(document: unknown): Result<Manifest> {
  const parsed = MANIFEST.safeParse(document);
  return parsed.success ? ok(parsed.data) : fail('E_MANIFEST_INVALID', problems(parsed.error), parsed.error);
}

/** Lower case, so that the name also fits topics, folders and Greengrass components. */
const NAME = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and dashes, 63 at most');
/** No slash, no leading dot: it can only name a file of the package's own folder. */
const FILE = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/, 'must be a plain file name inside the package');
const SEMVER = z
  .string()
  .max(MAX_TEXT)
  .regex(/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/, 'must be a version such as 1.4.0');
const SHA256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
const TEXT = z.string().min(1).max(MAX_TEXT);

const INPUT = z.strictObject({
  name: TEXT,
  window: z.int().min(1).max(MAX_WINDOW_VALUES),
  hop: z.int().min(1).max(MAX_WINDOW_VALUES),
  channels: z.array(TEXT).min(1).max(MAX_CHANNELS).superRefine(distinct),
  channelAxis: z.boolean(),
  sampleRateHz: z.number().positive().optional(),
  units: TEXT.optional(),
});

const OUTPUT = z.strictObject({
  name: TEXT,
  labels: z.array(TEXT).min(1).max(MAX_LABELS).superRefine(distinct),
  units: TEXT.optional(),
  reference: z
    .strictObject({
      edges: z.array(z.number()).min(1).max(MAX_EDGES).optional(),
      shares: z
        .array(z.number().min(0).max(1))
        .min(2)
        .max(Math.max(MAX_LABELS, MAX_EDGES + 1)),
    })
    .optional(),
});

const VARIANT = z.strictObject({
  id: NAME,
  file: FILE,
  size: z.enum(['small', 'large']),
  precision: z.enum(['fp32', 'fp16', 'int8', 'int4']),
  bytes: z.int().min(1).max(MAX_MODEL_BYTES),
  sha256: SHA256,
});

const MANIFEST = z
  .strictObject({
    schemaVersion: z.literal(1),
    name: NAME,
    version: SEMVER,
    task: z.enum(['classification', 'regression', 'anomaly']),
    description: TEXT,
    input: INPUT,
    output: OUTPUT,
    variants: z
      .array(VARIANT)
      .min(1)
      .max(MAX_VARIANTS)
      .superRefine((variants, ctx) => {
        distinct(
          variants.map((variant) => variant.id),
          ctx,
          'id',
        );
        distinct(
          variants.map((variant) => variant.file),
          ctx,
          'file',
        );
      }),
    gates: GATES_SCHEMA,
    requires: z.strictObject({ opset: z.int().min(1).max(MAX_OPSET) }),
  })
  .superRefine(fitting) satisfies z.ZodType<Manifest>;

/** manifest.json as it is written: what has a default may be left out. */
export type ManifestDocument = z.input<typeof MANIFEST>;

/** What no single field can know; looked at once every field is right. */
function fitting(manifest: Manifest, ctx: z.RefinementCtx): void {
  const { task, input, output } = manifest;
  const labels = output.labels.length;
  if (input.window * input.channels.length > MAX_WINDOW_VALUES) {
    ctx.addIssue({
      code: 'custom',
      path: ['input', 'window'],
      message: `window x channels is over ${MAX_WINDOW_VALUES}`,
    });
  }
  if (task === 'classification' ? labels < 2 : labels !== 1) {
    const due = task === 'classification' ? 'at least two labels' : 'exactly one label';
    ctx.addIssue({ code: 'custom', path: ['output', 'labels'], message: `${task} has ${due}` });
  }
  const wrong = referenceProblem(manifest);
  if (wrong !== undefined) ctx.addIssue({ code: 'custom', path: ['output', 'reference'], message: wrong });
}

function referenceProblem({ task, output }: Manifest): string | undefined {
  if (output.reference === undefined) return undefined;
  const { edges, shares } = output.reference;
  if (task === 'classification' && edges !== undefined) return 'classification has labels for bins, and no edges';
  if (task !== 'classification' && edges === undefined) return `${task} needs the edges of its bins`;
  const bins = edges === undefined ? output.labels.length : edges.length + 1;
  if (shares.length !== bins) return `has ${shares.length} shares for ${bins} bins`;
  if (edges?.some((edge, i) => i > 0 && edge <= (edges[i - 1] ?? edge))) return 'edges must rise';
  const sum = shares.reduce((total, share) => total + share, 0);
  return Math.abs(sum - 1) > SHARES_ROUNDING ? `shares add up to ${sum}, not to 1` : undefined;
}

function distinct(names: readonly string[], ctx: z.RefinementCtx, field?: string): void {
  names.forEach((name, i) => {
    if (names.indexOf(name) === i) return;
    ctx.addIssue({ code: 'custom', path: field === undefined ? [i] : [i, field], message: `"${name}" is there twice` });
  });
}
