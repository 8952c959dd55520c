import assert from 'node:assert/strict';
import type { SlotStore } from '../../src/ports/slot-store.ts';
import { digestsOf, type PackageFiles, packageFiles, refOf } from '../fixtures/packages/package-files.ts';
import { LARGE_BYTES, SMALL_BYTES } from '../fixtures/packages/tiny-package.ts';
import { slotRecord } from '../fixtures/rollout-record.ts';

export type StoreUnderTest = {
  readonly store: SlotStore;
  /** Puts a package where it can be staged from, and returns its path. */
  source(files: PackageFiles): Promise<string>;
  /** Removes what `source` made. */
  forget(source: string): Promise<void>;
  /** The process ends without a word, and another opens the same store. */
  reboot(): Promise<SlotStore>;
  remove(): Promise<void>;
};

const SLOT = 'bearings';

/** Every slot store does all of this. */
export function slotStoreContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} (slot store contract)`, () => {
    let under: StoreUnderTest;
    let store: SlotStore;
    const one = packageFiles('1.0.0');
    const two = packageFiles('1.10.0');
    const nine = packageFiles('1.9.0');

    beforeEach(async () => {
      under = await make();
      store = under.store;
      await store.start();
    });
    afterEach(async () => {
      await store.stop();
      await under.remove();
    });

    const stage = async (files: PackageFiles, slot = SLOT, digests = digestsOf(files)) =>
      store.stage(slot, await under.source(files), refOf(files), digests);

    it('knows no record before the first', async () => {
      assert.deepEqual(await store.load(SLOT), { ok: true, value: undefined });
    });

    it('gives back a record as it was saved, over a reboot', async () => {
      const record = slotRecord({
        state: 'rollingBack',
        active: refOf(one),
        failure: { code: 'E_MODEL_LOAD', message: 'a "message"\nof two lines' },
        evidence: [
          { gate: 'finite', measured: Number.NaN, allowed: 0, samples: 3 },
          { gate: 'latency', measured: Number.POSITIVE_INFINITY, allowed: 5, samples: 3 },
        ],
        quarantine: [{ ref: refOf(two), reason: 'drift', sinceMs: 7 }],
      });
      assert.deepEqual(await store.save(slotRecord()), { ok: true, value: undefined });
      assert.deepEqual(await store.save(record), { ok: true, value: undefined });
      store = await under.reboot();
      assert.deepEqual(await store.load(SLOT), { ok: true, value: record });
    });

    it('keeps the records of slots apart', async () => {
      await store.save(slotRecord({ slot: 'a', boots: 1 }));
      await store.save(slotRecord({ slot: 'b', boots: 2 }));
      const [a, b] = [await store.load('a'), await store.load('b')];
      assert.equal(a.ok && a.value?.boots, 1);
      assert.equal(b.ok && b.value?.boots, 2);
    });

    it('keeps its own copy of a package: the source may vanish', async () => {
      const source = await under.source(one);
      const staged = await store.stage(SLOT, source, refOf(one), digestsOf(one));
      assert.ok(staged.ok, JSON.stringify(staged));
      assert.deepEqual(staged.value.ref, refOf(one));
      assert.equal(staged.value.manifest.version, '1.0.0');
      assert.equal(staged.value.golden[0]?.name, 'rest');
      await under.forget(source);
      store = await under.reboot();
      assert.deepEqual(await store.open(SLOT, refOf(one)), staged);
    });

    it('stages the same package again without any need of its source', async () => {
      const first = await stage(one);
      assert.deepEqual(await store.stage(SLOT, '/gone', refOf(one), digestsOf(one)), first);
      assert.deepEqual(await store.list(SLOT), [refOf(one)]);
    });

    it('reads the small variant, or the one that is asked for', async () => {
      await stage(one);
      const read = async (variant?: string) => {
        const answer = await store.read(SLOT, refOf(one), variant);
        assert.ok(answer.ok, JSON.stringify(answer));
        return [answer.value.variant, Buffer.from(answer.value.bytes)];
      };
      assert.deepEqual(await read(), ['small', SMALL_BYTES]);
      assert.deepEqual(await read('large'), ['large', LARGE_BYTES]);
      const none = await store.read(SLOT, refOf(one), 'huge');
      assert.equal(!none.ok && none.error.code, 'E_MODEL_MISSING');
    });

    const refused: [what: string, change: (digests: Map<string, string>) => void][] = [
      ['a file that changed since it was verified', (d) => d.set('small.onnx', 'f00')],
      ['a file that is gone', (d) => d.set('extra.md', 'f00')],
      ['a model that nobody verified', (d) => d.delete('large.onnx')],
      ['a manifest that nobody verified', (d) => d.delete('manifest.json')],
    ];
    for (const [what, change] of refused) {
      it(`refuses to stage ${what}, and keeps nothing of it`, async () => {
        const digests = digestsOf(one);
        change(digests);
        const staged = await stage(one, SLOT, digests);
        assert.equal(!staged.ok && staged.error.code, 'E_MODEL_DIGEST');
        assert.deepEqual(await store.list(SLOT), []);
        assert.equal((await store.open(SLOT, refOf(one))).ok, false);
      });
    }

    it('refuses a package whose files were exchanged after it was verified', async () => {
      for (const name of one.keys()) {
        const exchanged = new Map([...one, [name, Buffer.from('exchanged')]]);
        const staged = await store.stage(SLOT, await under.source(exchanged), refOf(one), digestsOf(one));
        assert.equal(!staged.ok && staged.error.code, 'E_MODEL_DIGEST', name);
      }
      assert.deepEqual(await store.list(SLOT), []);
    });

    it('refuses a package under the name of another version, and one that is not there', async () => {
      const ref = { ...refOf(one), version: '2.0.0' };
      const renamed = await store.stage(SLOT, await under.source(one), ref, digestsOf(one));
      assert.equal(!renamed.ok && renamed.error.code, 'E_MANIFEST_INVALID');
      const missing = await store.stage(SLOT, '/nowhere/at/all', refOf(one), digestsOf(one));
      assert.equal(!missing.ok && missing.error.code, 'E_MODEL_MISSING');
      assert.deepEqual(await store.list(SLOT), []);
    });

    it('opens nothing that was not staged: each part of the reference counts', async () => {
      await stage(one);
      const ref = refOf(one);
      for (const other of [
        { ...ref, release: 2 },
        { ...ref, digest: ref.digest.replace(/.$/, 'x') },
        { ...ref, name: 'other' },
      ]) {
        const opened = await store.open(SLOT, other);
        assert.equal(!opened.ok && opened.error.code, 'E_MODEL_MISSING', JSON.stringify(other));
      }
      const elsewhere = await store.open('another-slot', ref);
      assert.equal(elsewhere.ok, false);
    });

    it('lists packages by version, and keeps only those that it is told to', async () => {
      for (const files of [two, one, nine]) assert.ok((await stage(files)).ok);
      assert.ok((await stage(two, 'another-slot')).ok);
      const versions = async (slot: string) => (await store.list(slot)).map((ref) => ref.version);
      assert.deepEqual(await versions(SLOT), ['1.0.0', '1.9.0', '1.10.0']);
      await store.keepOnly(SLOT, [refOf(nine), refOf(packageFiles('7.0.0'))]);
      await store.keepOnly(SLOT, [refOf(nine)]);
      store = await under.reboot();
      assert.deepEqual(await versions(SLOT), ['1.9.0']);
      assert.deepEqual(await versions('another-slot'), ['1.10.0']);
      assert.equal((await store.open(SLOT, refOf(nine))).ok, true);
      assert.deepEqual(await store.list('no-such-slot'), []);
    });
  });
}
