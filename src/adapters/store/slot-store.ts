import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeError, fail, ok, type Result } from '../../domain/errors.ts';
import type { GoldenCase, Manifest, Variant } from '../../domain/manifest.ts';
import type { ModelRef, SlotRecord } from '../../domain/rollout.ts';
import { compareVersions } from '../../domain/version.ts';
import { makeFolder } from '../../files/durable.ts';
import type { Log } from '../../ports/log.ts';
import type { SlotStore, StagedPackage } from '../../ports/slot-store.ts';
import { type ArchiveReader, copyPackage, discard, type FreeBytes, freeBytes } from './copy.ts';
import { ioFailure, readHashed } from './io.ts';
import { loadRecord, saveRecord } from './records.ts';
import * as staged from './staged.ts';

export type FsSlotStoreOptions = {
  /** `<state>/models`. */
  readonly folder: string;
  /** Checks manifest.json and golden.json: `parsePackage` of src/package. */
  readonly parse: (
    manifest: Uint8Array,
    golden: Uint8Array,
  ) => Result<{ manifest: Manifest; golden: readonly GoldenCase[] }>;
  readonly archive: ArchiveReader;
  readonly log: Log;
  readonly freeBytes?: FreeBytes;
};

/** A slot store in files: SLOT/record.json, its backup, and SLOT/packages/VERSION-RELEASE-DIGEST/. */
export class FsSlotStore implements SlotStore {
  readonly #o: FsSlotStoreOptions;

  constructor(options: FsSlotStoreOptions) {
    this.#o = options;
  }

  async start(): Promise<void> {
    try {
      await makeFolder(this.#o.folder);
      for (const slot of await staged.names(this.#o.folder)) {
        await staged.sweep(this.#packages(slot));
        for (const name of await staged.names(this.#slot(slot))) {
          if (name.endsWith('.tmp')) await rm(join(this.#slot(slot), name), { force: true });
        }
      }
    } catch (thrown) {
      throw new EdgeError(ioFailure(thrown));
    }
  }

  async stop(): Promise<void> {}

  load(slot: string): Promise<Result<SlotRecord | undefined>> {
    return loadRecord(this.#slot(slot), slot, this.#o.log);
  }

  save(record: SlotRecord): Promise<Result<void>> {
    return saveRecord(this.#slot(record.slot), record, this.#o.log);
  }

  async stage(
    slot: string,
    source: string,
    ref: ModelRef,
    files: ReadonlyMap<string, string>,
  ): Promise<Result<StagedPackage>> {
    const packages = this.#packages(slot);
    if (await staged.isWhole(packages, ref, files)) return this.open(slot, ref);
    let making: string | undefined;
    try {
      await makeFolder(packages);
      making = await staged.beginPackage(packages);
      const copied = await copyPackage(source, join(making, staged.FILES), files, {
        archive: this.#o.archive,
        freeBytes: this.#o.freeBytes ?? freeBytes,
      });
      if (!copied.ok) return copied;
      const seal = { ref, files: Object.fromEntries(files) };
      const checked = await this.#read(join(making, staged.FILES), seal);
      if (!checked.ok) return checked;
      await staged.publish(making, packages, seal);
      return checked;
    } catch (thrown) {
      return { ok: false, error: ioFailure(thrown) };
    } finally {
      if (making !== undefined) await discard(making);
    }
  }

  async open(slot: string, ref: ModelRef): Promise<Result<StagedPackage>> {
    const name = staged.packageName(ref);
    const seal = await staged.readSeal(this.#packages(slot), name);
    if (seal === undefined || !staged.sameRef(seal.ref, ref)) {
      return fail('E_MODEL_MISSING', `${ref.name} ${ref.version} is not in slot ${slot}`);
    }
    return this.#read(join(this.#packages(slot), name, staged.FILES), seal);
  }

  async read(
    slot: string,
    ref: ModelRef,
    variant: string | undefined,
  ): Promise<Result<{ variant: string; bytes: Uint8Array }>> {
    const opened = await this.open(slot, ref);
    if (!opened.ok) return opened;
    const chosen = choose(opened.value.manifest, variant);
    if (chosen === undefined) return fail('E_MODEL_MISSING', `${ref.name} ${ref.version} has no variant ${variant}`);
    const folder = join(this.#packages(slot), staged.packageName(ref), staged.FILES);
    const read = await readFile(folder, chosen.file, chosen.sha256);
    return read.ok ? ok({ variant: chosen.id, bytes: read.value }) : read;
  }

  async keepOnly(slot: string, refs: readonly ModelRef[]): Promise<void> {
    const kept = new Set(refs.map(staged.packageName));
    const packages = this.#packages(slot);
    for (const name of await staged.names(packages)) {
      if (kept.has(name) || staged.isHalfDone(name)) continue;
      await staged.removePackage(packages, name).catch((thrown: unknown) => {
        this.#o.log.warn({ slot, name, error: ioFailure(thrown) }, 'old model package not removed');
      });
    }
  }

  async list(slot: string): Promise<readonly ModelRef[]> {
    const packages = this.#packages(slot);
    const refs: ModelRef[] = [];
    for (const name of await staged.names(packages)) {
      const seal = staged.isHalfDone(name) ? undefined : await staged.readSeal(packages, name);
      if (seal !== undefined) refs.push(seal.ref);
    }
    return refs.sort((a, b) => compareVersions(a.version, b.version) || a.release - b.release);
  }

  /** Reads and checks manifest and golden cases, against the digests of the seal and against the seal's own name. */
  async #read(folder: string, { ref, files }: staged.Seal): Promise<Result<StagedPackage>> {
    const manifestText = await readFile(folder, 'manifest.json', files['manifest.json']);
    if (!manifestText.ok) return manifestText;
    const goldenText = await readFile(folder, 'golden.json', files['golden.json']);
    if (!goldenText.ok) return goldenText;
    const parsed = this.#o.parse(manifestText.value, goldenText.value);
    if (!parsed.ok) return parsed;
    const { manifest, golden } = parsed.value;
    if (manifest.name !== ref.name || manifest.version !== ref.version) {
      return fail('E_MANIFEST_INVALID', `it is ${manifest.name} ${manifest.version}, not ${ref.name} ${ref.version}`);
    }
    const other = manifest.variants.find((variant) => files[variant.file] !== variant.sha256);
    if (other !== undefined) return fail('E_MODEL_DIGEST', `${other.file} is not the one that the manifest names`);
    return ok({ ref, manifest, golden });
  }

  #slot(slot: string): string {
    return join(this.#o.folder, slot);
  }

  #packages(slot: string): string {
    return join(this.#slot(slot), 'packages');
  }
}

async function readFile(folder: string, name: string, wanted: string | undefined): Promise<Result<Buffer>> {
  try {
    const { bytes, sha256 } = await readHashed(join(folder, name));
    if (sha256 === wanted) return ok(bytes);
    return fail('E_MODEL_DIGEST', `${name} is ${sha256}, ${wanted ?? 'no such file'} was staged`);
  } catch (thrown) {
    return fail('E_MODEL_DIGEST', `${name} cannot be read (${ioFailure(thrown).message})`, thrown);
  }
}

function choose({ variants }: Manifest, id: string | undefined): Variant | undefined {
  if (id !== undefined) return variants.find((variant) => variant.id === id);
  return variants.find((variant) => variant.size === 'small') ?? variants[0];
}
