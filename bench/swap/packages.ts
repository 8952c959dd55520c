import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OneTimePublisher } from '../../scripts/signing/one-time-publisher.ts';
import type { ManifestDocument } from '../../src/package/manifest.ts';
import type { SwapPace } from '../agents.ts';
import { type ModelForm, modelFile, WINDOW, writeModelPackage } from '../model.ts';

const NUDGE = 1e-4;
const GOLDEN_TOLERANCE = 1e-3;
/** Gaps are measured here, not gates: a busy machine must not decide how a rollout ends. */
const LATENCY_BUDGET_MS = 1_000;
/** Longer than any run: the model is taken back while it is watched. */
const LONG_WATCH_MS = 60_000;

/** The same model three times; each knows how long it is watched. */
export type SwapPackages = {
  readonly trust: string;
  readonly first: SwapPackage;
  /** Commits by itself. */
  readonly committing: SwapPackage;
  /** Stays in its probation. */
  readonly watched: SwapPackage;
};

export type SwapPackage = { readonly version: string; readonly folder: string; readonly file: string };

/** Writes and signs what the runs roll out. */
export async function writeSwapPackages(folder: string, { watchMs, width }: SwapPace): Promise<SwapPackages> {
  const publisher = new OneTimePublisher('bench');
  const trust = join(folder, 'trust.json');
  mkdirSync(folder, { recursive: true });
  await publisher.writeTrust(trust);
  const make = async (minor: number, durationMs: number): Promise<SwapPackage> => {
    const version = `1.${minor}.0`;
    const at = writeModelPackage(join(folder, version), form(version, minor * NUDGE, width, durationMs));
    await publisher.sign(at, minor + 1);
    return { version, folder: at, file: modelFile(at) };
  };
  return {
    trust,
    first: await make(0, watchMs),
    committing: await make(1, watchMs),
    watched: await make(2, LONG_WATCH_MS),
  };
}

function form(version: string, nudge: number, width: number, durationMs: number): ModelForm {
  const watch = { durationMs };
  const gates = { goldenTolerance: GOLDEN_TOLERANCE, latencyBudgetMs: LATENCY_BUDGET_MS, watch };
  return { version, layers: [WINDOW, width, width, width, width, WINDOW], nudge, gates };
}

/** Writes and signs a package whose model has so many bytes. They are noise: it is verified and staged, never loaded. */
export async function writeHeavyPackage(folder: string, bytes: number): Promise<{ folder: string; trust: string }> {
  const publisher = new OneTimePublisher('bench');
  const trust = `${folder}.trust.json`;
  await publisher.writeTrust(trust);
  writeModelPackage(folder);
  const manifestFile = join(folder, 'manifest.json');
  const manifest: ManifestDocument = JSON.parse(readFileSync(manifestFile, 'utf8'));
  const model = randomBytes(bytes);
  writeDurable(modelFile(folder), model);
  const sha256 = createHash('sha256').update(model).digest('hex');
  const variants = manifest.variants.map((variant) => ({ ...variant, bytes, sha256 }));
  writeFileSync(manifestFile, JSON.stringify({ ...manifest, variants }));
  await publisher.sign(folder, 1);
  return { folder, trust };
}

/** What is still to be written to the disk would be written while something else is measured. */
function writeDurable(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'w');
  writeFileSync(file, bytes);
  fsyncSync(file);
  closeSync(file);
}
