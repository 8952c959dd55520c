import { createHash } from 'node:crypto';
import { z } from 'zod';
import { fail, ok, type Result } from '../domain/errors.ts';
import { parseSigned } from './dsse.ts';
import { isPlainName, MAX_FILES, UNSIGNED_FILES } from './verify-files.ts';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'https://model_signing/signature/v1.0';
/** What the reference leaves out by default. No package holds them, so nothing hides behind these names. */
const GIT_PATHS = ['.git', '.gitattributes', '.github', '.gitignore'];
const IGNORED: readonly string[] = [...UNSIGNED_FILES, ...GIT_PATHS];
const MAX_TEXT = 500;

export const SHA256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** The frame of every statement here: exactly one subject with its SHA-256. */
export function statementOf<T extends z.ZodType>(predicateType: string, predicate: T) {
  const subject = z.strictObject({
    name: z.string().max(MAX_TEXT),
    digest: z.strictObject({ sha256: SHA256 }),
  });
  return z.strictObject({
    _type: z.literal(STATEMENT_TYPE),
    subject: z.array(subject).length(1),
    predicateType: z.literal(predicateType),
    predicate,
  });
}

/**
 * What the reference signs. It trusts `ignore_paths` of the bundle; here the list may only leave out what we leave out
 * as well. Its other ways (shards, BLAKE, symbolic links) are refused: one way to read a package is enough.
 */
const MODEL_STATEMENT = statementOf(
  PREDICATE_TYPE,
  z.strictObject({
    serialization: z.strictObject({
      method: z.literal('files'),
      hash_type: z.literal('sha256'),
      allow_symlinks: z.literal(false),
      ignore_paths: z
        .array(z.string().refine((path) => IGNORED.includes(path), 'is not a path that may be ignored'))
        .max(IGNORED.length),
    }),
    resources: z
      .array(
        z.strictObject({
          name: z.string().refine(isPlainName, 'must be a plain file name of the package'),
          algorithm: z.literal('sha256'),
          digest: SHA256,
        }),
      )
      .min(1)
      .max(MAX_FILES),
  }),
);

export type ModelStatement = {
  /** Digest of the package: SHA-256 over the raw digests of its files in the order of the list. */
  readonly digest: string;
  /** File name -> hex SHA-256. */
  readonly files: ReadonlyMap<string, string>;
};

/** Writes the statement that model.sig signs; files by name, as the reference sorts them. */
export function writeModelStatement(name: string, files: ReadonlyMap<string, string>): Buffer {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const statement: z.infer<typeof MODEL_STATEMENT> = {
    _type: STATEMENT_TYPE,
    subject: [{ name, digest: { sha256: packageDigest(sorted.map(([, digest]) => digest)) } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: [...IGNORED] },
      resources: sorted.map(([file, digest]) => ({ name: file, algorithm: 'sha256', digest })),
    },
  };
  return Buffer.from(JSON.stringify(statement));
}

/** Reads the payload of model.sig, whose signature was checked before. */
export function readModelStatement(payload: Buffer): Result<ModelStatement> {
  const parsed = parseSigned(payload, MODEL_STATEMENT, 'statement of model.sig');
  if (!parsed.ok) return parsed;
  const { subject, predicate } = parsed.value;
  const digest = packageDigest(predicate.resources.map((resource) => resource.digest));
  if (digest !== subject[0]?.digest.sha256) {
    return fail('E_SIGNATURE_MALFORMED', 'the digest of the package is not that of its resources');
  }
  const files = new Map<string, string>();
  const lowered = new Set<string>();
  for (const { name, digest: sha256 } of predicate.resources) {
    if (lowered.has(name.toLowerCase())) return fail('E_PACKAGE_UNSAFE', `${name} is listed twice, but for case`);
    if (UNSIGNED_FILES.includes(name)) return fail('E_SIGNATURE_MALFORMED', `${name} cannot sign itself`);
    lowered.add(name.toLowerCase());
    files.set(name, sha256);
  }
  return ok({ digest, files });
}

function packageDigest(digests: readonly string[]): string {
  const hash = createHash('sha256');
  for (const digest of digests) hash.update(Buffer.from(digest, 'hex'));
  return hash.digest('hex');
}
