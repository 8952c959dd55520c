import { createHash } from 'node:crypto';
import { type Failure, fail, ok, type Result } from '../../src/domain/errors.ts';
import type { ModelRef, SlotRecord } from '../../src/domain/rollout.ts';
import { compareVersions } from '../../src/domain/version.ts';
import { parsePackage } from '../../src/package/parse.ts';
import type { SlotStore, StagedPackage } from '../../src/ports/slot-store.ts';

/** The power went out at this point: nothing of the process goes on. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

export type FakeSlotStoreOptions = {
  /**
   * Cuts the power at this point, counted from 1: each durable effect (a saved record, a staged package, a removed
   * package) has one point before it, where it is lost, and one after it, where it is kept and nobody hears of it.
   */
  readonly cutAt?: number;
};

type Files = ReadonlyMap<string, Uint8Array>;
type Staged = { readonly ref: ModelRef; readonly digests: ReadonlyMap<string, string>; readonly files: Files };

/** A slot store in memory. What it holds survives stop, start and power cuts, as a disk would. */
export class FakeSlotStore implements SlotStore {
  /** Folders and zips that may be staged, by path: name -> bytes. */
  readonly sources = new Map<string, Files>();
  /** Records that were damaged on the disk, by slot. */
  readonly damaged = new Set<string>();
  /** Set to let every save and stage fail with it, as a full or broken disk would. */
  refuse: Failure | undefined;
  /** Points passed so far: how many cuts a scenario has. */
  points = 0;
  /** Durable effects so far, in words. */
  readonly effects: string[] = [];
  readonly #records = new Map<string, SlotRecord>();
  readonly #packages = new Map<string, Staged[]>();
  #cutAt: number;
  #dark = false;

  constructor({ cutAt = Number.POSITIVE_INFINITY }: FakeSlotStoreOptions = {}) {
    this.#cutAt = cutAt;
  }

  /** True from a power cut until the next start. */
  get dark(): boolean {
    return this.#dark;
  }

  /** Sets the next cut, in points from the very beginning; without one, there is no more. */
  cutAt(point = Number.POSITIVE_INFINITY): void {
    this.#cutAt = point;
  }

  /** The power is back. */
  async start(): Promise<void> {
    this.#dark = false;
  }

  async stop(): Promise<void> {}

  async load(slot: string): Promise<Result<SlotRecord | undefined>> {
    this.#alive();
    if (this.damaged.has(slot)) return fail('E_STATE_DAMAGED', slot);
    return ok(structuredClone(this.#records.get(slot)));
  }

  async save(record: SlotRecord): Promise<Result<void>> {
    this.#alive();
    if (this.refuse !== undefined) return { ok: false, error: this.refuse };
    const copy = structuredClone(record);
    this.#durably(`save ${record.slot} ${record.state}`, () => {
      this.#records.set(record.slot, copy);
      this.damaged.delete(record.slot);
    });
    return ok(undefined);
  }

  async stage(
    slot: string,
    source: string,
    ref: ModelRef,
    digests: ReadonlyMap<string, string>,
  ): Promise<Result<StagedPackage>> {
    this.#alive();
    if (this.#find(slot, ref) !== undefined) return this.open(slot, ref);
    const files = this.sources.get(source);
    if (files === undefined) return fail('E_MODEL_MISSING', source);
    if (this.refuse !== undefined) return { ok: false, error: this.refuse };
    for (const [name, wanted] of digests) {
      if (sha256(files.get(name)) !== wanted) return fail('E_MODEL_DIGEST', `${name} is not what was verified`);
    }
    const verified = [...files].filter(([name]) => digests.has(name));
    const staged = { ref: { ...ref }, digests: new Map(digests), files: new Map(verified) };
    const checked = check(staged);
    if (!checked.ok) return checked;
    this.#durably(`stage ${slot} ${ref.version}`, () => {
      this.#packages.set(slot, [...(this.#packages.get(slot) ?? []), staged]);
    });
    return checked;
  }

  async open(slot: string, ref: ModelRef): Promise<Result<StagedPackage>> {
    this.#alive();
    const staged = this.#find(slot, ref);
    if (staged === undefined) return fail('E_MODEL_MISSING', `${ref.name} ${ref.version} is not in slot ${slot}`);
    return check(staged);
  }

  async read(
    slot: string,
    ref: ModelRef,
    variant: string | undefined,
  ): Promise<Result<{ variant: string; bytes: Uint8Array }>> {
    const opened = await this.open(slot, ref);
    if (!opened.ok) return opened;
    const { variants } = opened.value.manifest;
    const chosen =
      variant === undefined
        ? (variants.find((one) => one.size === 'small') ?? variants[0])
        : variants.find((one) => one.id === variant);
    if (chosen === undefined) return fail('E_MODEL_MISSING', `no variant ${variant}`);
    const bytes = this.#find(slot, ref)?.files.get(chosen.file);
    if (bytes === undefined || sha256(bytes) !== chosen.sha256) return fail('E_MODEL_DIGEST', chosen.file);
    return ok({ variant: chosen.id, bytes: Uint8Array.from(bytes) });
  }

  async keepOnly(slot: string, refs: readonly ModelRef[]): Promise<void> {
    this.#alive();
    for (const staged of this.#packages.get(slot) ?? []) {
      if (refs.some((ref) => same(ref, staged.ref))) continue;
      this.#durably(`remove ${slot} ${staged.ref.version}`, () => {
        this.#packages.set(
          slot,
          (this.#packages.get(slot) ?? []).filter((other) => other !== staged),
        );
      });
    }
  }

  async list(slot: string): Promise<readonly ModelRef[]> {
    this.#alive();
    const refs = (this.#packages.get(slot) ?? []).map((staged) => staged.ref);
    return refs.sort((a, b) => compareVersions(a.version, b.version) || a.release - b.release);
  }

  #find(slot: string, ref: ModelRef): Staged | undefined {
    return this.#packages.get(slot)?.find((staged) => same(staged.ref, ref));
  }

  #durably(what: string, effect: () => void): void {
    this.#point();
    effect();
    this.effects.push(what);
    this.#point();
  }

  #point(): void {
    this.points++;
    if (this.points === this.#cutAt) this.#dark = true;
    this.#alive();
  }

  #alive(): void {
    if (this.#dark) throw new PowerCut(`the power went out at point ${this.points}`);
  }
}

function check({ ref, digests, files }: Staged): Result<StagedPackage> {
  const [manifestText, goldenText] = [files.get('manifest.json'), files.get('golden.json')];
  if (manifestText === undefined || goldenText === undefined)
    return fail('E_MODEL_DIGEST', 'no manifest or golden cases');
  const parsed = parsePackage(manifestText, goldenText);
  if (!parsed.ok) return parsed;
  const { manifest } = parsed.value;
  if (manifest.name !== ref.name || manifest.version !== ref.version)
    return fail('E_MANIFEST_INVALID', 'another model');
  const other = manifest.variants.find((variant) => digests.get(variant.file) !== variant.sha256);
  return other === undefined ? ok({ ref, ...parsed.value }) : fail('E_MODEL_DIGEST', other.file);
}

function same(a: ModelRef, b: ModelRef): boolean {
  return a.name === b.name && a.version === b.version && a.release === b.release && a.digest === b.digest;
}

function sha256(bytes: Uint8Array | undefined): string | undefined {
  return bytes && createHash('sha256').update(bytes).digest('hex');
}
