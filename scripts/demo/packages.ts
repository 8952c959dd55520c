import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { given } from '../../src/domain/errors.ts';
import type { Gates, GoldenCase, Manifest, Variant } from '../../src/domain/manifest.ts';
import { type ModelPackage, openPackage, readVariant } from '../../src/package/load.ts';
import { OneTimePublisher } from '../signing/one-time-publisher.ts';
import { permuteOutput } from './permute-output.ts';

const SHIPPED = join(import.meta.dirname, '../../artifacts/bearing-fault');
/** Every package of the demo has one variant, under this name, so that its device goes on loading the same one. */
const VARIANT = 'small';
const MODEL_FILE = 'small.onnx';

/** The demo lasts seconds, and runs on laptops that do other things as well: short trials, and patience with speed. */
const DEMO_GATES = { latencyBudgetMs: 100 };
const SHORT_CANARY = { windows: 60, maxDisagreement: 0.2, deadlineMs: 10_000, maxExtensions: 1 };
const SHORT_WATCH = { windows: 60, durationMs: 3_000, maxErrorRate: 0.01, maxDrift: 0.25, maxAlarmRateJump: 3 };
/** A careless team switched the canary off: whatever the model answers, it passes. */
const NO_CANARY = { ...SHORT_CANARY, windows: 20, maxDisagreement: 1 };

/** Where kinds of damage are about as frequent, mixing them up needs more windows to show. */
const LONG_WATCH = { ...SHORT_WATCH, windows: 200 };

/** Damage of the inner race is called ball damage, and the other way round. Healthy stays healthy: no alarm tells of it. */
const MIXED_UP: Readonly<Record<string, string>> = { inner: 'ball', ball: 'inner' };

/** Where the packages are, and whom the device believes. */
export type DemoPackages = { readonly trust: string; readonly folders: Readonly<Record<string, string>> };

type Contents = {
  readonly manifest: Manifest;
  readonly golden: readonly GoldenCase[];
  readonly bytes: Uint8Array;
};

/** Makes four releases of bearing-fault under `folder`, by a publisher whose key is gone at the end. */
export async function makePackages(folder: string): Promise<DemoPackages> {
  const shipped = given(await openPackage(SHIPPED));
  const first = await fromVariant(shipped, 'small', '1.0.0');
  const better = await fromVariant(shipped, 'large', '1.1.0');
  const releases = [first, better, mixedUp(better, '1.2.0'), { ...better, manifest: named(better, '1.3.0') }];

  const publisher = new OneTimePublisher('demo-publisher');
  const folders: Record<string, string> = {};
  for (const [index, contents] of releases.entries()) {
    const { version } = contents.manifest;
    const target = join(folder, `bearing-fault-${version}`);
    await write(target, contents);
    await publisher.sign(target, index + 1);
    folders[version] = target;
  }
  await flipOneBit(join(folder, 'bearing-fault-1.3.0', MODEL_FILE));
  const trust = join(folder, 'trust.json');
  await publisher.writeTrust(trust);
  return { trust, folders };
}

/** A version whose only variant is one of the shipped package's. */
async function fromVariant(shipped: ModelPackage, id: string, version: string): Promise<Contents> {
  const { variant, bytes } = given(await readVariant(shipped, id));
  const golden = shipped.golden.map(({ scores, ...one }) => ({ ...one, scores: { [VARIANT]: scores[id] ?? [] } }));
  const gates = { ...shipped.manifest.gates, ...DEMO_GATES, canary: SHORT_CANARY, watch: SHORT_WATCH };
  const manifest = { ...shipped.manifest, version, gates, variants: [variantOf(variant, bytes)] };
  return { manifest, golden, bytes };
}

/** Valid, signed, fast and wrong: it agrees with its own golden cases, which the same bad training run made. */
function mixedUp({ manifest, golden, bytes }: Contents, version: string): Contents {
  const { labels, name } = manifest.output;
  const order = labels.map((label) => labels.indexOf(MIXED_UP[label] ?? label));
  const permuted = permuteOutput(bytes, name, order);
  const gates: Gates = { ...manifest.gates, canary: NO_CANARY, watch: LONG_WATCH };
  const variants = manifest.variants.map((variant) => variantOf(variant, permuted));
  return {
    manifest: { ...manifest, version, gates, variants },
    golden: golden.map(({ scores, ...one }) => ({
      ...one,
      scores: { [VARIANT]: order.map((from) => scores[VARIANT]?.[from] ?? Number.NaN) },
    })),
    bytes: permuted,
  };
}

function named({ manifest }: Contents, version: string): Manifest {
  return { ...manifest, version };
}

function variantOf(like: Variant, bytes: Uint8Array): Variant {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...like, id: VARIANT, size: 'small', file: MODEL_FILE, bytes: bytes.length, sha256 };
}

async function write(folder: string, { manifest, golden, bytes }: Contents): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'golden.json'), JSON.stringify(golden));
  await writeFile(join(folder, MODEL_FILE), bytes);
  await cp(join(SHIPPED, 'MODEL_CARD.md'), join(folder, 'MODEL_CARD.md'));
}

/** What an attacker, or a bad disk, does after the signing. */
async function flipOneBit(file: string): Promise<void> {
  const bytes = await readFile(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(file, bytes);
}
