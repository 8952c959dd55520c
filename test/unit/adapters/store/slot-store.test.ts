import assert from 'node:assert/strict';
import { mkdir, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeLog } from '../../../fakes/log.ts';
import { fsStore, temporaryFolder } from '../../../fixtures/packages/fs-store.ts';
import { digestsOf, packageFiles, refOf, writeFiles } from '../../../fixtures/packages/package-files.ts';
import { slotRecord } from '../../../fixtures/rollout-record.ts';

const SLOT = 'bearings';
const MIB = 1024 * 1024;

describe('A slot store in files', () => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  const files = packageFiles('1.0.0');
  const ref = refOf(files);
  const models = () => temporary.path('models');
  const record = () => join(models(), SLOT, 'record.json');
  const backup = () => join(models(), SLOT, 'record.backup.json');
  const packages = () => join(models(), SLOT, 'packages');
  const stored = (name: string) => join(packages(), `1.0.0-1-${ref.digest.slice(0, 8)}`, 'package', name);
  const source = () => writeFiles(temporary.path('source'), files);

  beforeEach(async () => {
    temporary = await temporaryFolder();
  });
  afterEach(() => temporary.remove());

  async function staged(store = fsStore(models())) {
    const done = await store.stage(SLOT, await source(), ref, digestsOf(files));
    assert.ok(done.ok, JSON.stringify(done));
    return store;
  }

  it('belongs to its user alone', async () => {
    const store = await staged();
    await store.save(slotRecord());
    for (const folder of [models(), join(models(), SLOT), packages(), join(stored('.'), '..'), stored('.')]) {
      assert.equal((await stat(folder)).mode & 0o777, 0o700, folder);
    }
    for (const file of [record(), backup(), stored('small.onnx')]) {
      assert.equal((await stat(file)).mode & 0o777, 0o600, file);
    }
  });

  it('reads the backup of a record with any one byte changed, cut off, or gone, and says so', async () => {
    const log = new FakeLog();
    const store = fsStore(models(), log);
    const saved = slotRecord({ boots: 3, active: ref });
    await store.save(saved);
    const whole = await readFile(record());
    const damages = [whole.subarray(0, -1), whole.subarray(0, 40), Buffer.alloc(0), Buffer.alloc(whole.length)];
    for (let at = 0; at < whole.length; at += 5) {
      const bad = Buffer.from(whole);
      bad[at] = (bad[at] ?? 0) ^ 1;
      damages.push(bad);
    }
    for (const damage of damages) {
      await writeFile(record(), damage);
      assert.deepEqual(await store.load(SLOT), { ok: true, value: saved });
    }
    await rm(record());
    assert.deepEqual(await store.load(SLOT), { ok: true, value: saved });
    assert.equal(log.events.length, damages.length + 1);
  });

  it('never writes into a record that is there: it is replaced as a whole', async () => {
    const store = fsStore(models());
    await store.save(slotRecord({ boots: 1 }));
    const before = await open(record());
    const text = await readFile(record(), 'utf8');
    await store.save(slotRecord({ boots: 2 }));
    assert.equal(await before.readFile('utf8'), text);
    await before.close();
    assert.notEqual(await readFile(record(), 'utf8'), text);
  });

  it('says that a record is damaged when its backup is damaged too', async () => {
    const store = fsStore(models());
    await store.save(slotRecord());
    await writeFile(record(), 'x');
    await rm(backup());
    const loaded = await store.load(SLOT);
    assert.equal(!loaded.ok && loaded.error.code, 'E_STATE_DAMAGED');
    await store.save(slotRecord({ boots: 1 }));
    assert.equal((await store.load(SLOT)).ok, true);
  });

  it('takes the record of another slot for damage', async () => {
    const store = fsStore(models());
    await store.save(slotRecord({ slot: 'other' }));
    await mkdir(join(models(), SLOT));
    await writeFile(record(), await readFile(join(models(), 'other', 'record.json')));
    const loaded = await store.load(SLOT);
    assert.equal(!loaded.ok && loaded.error.code, 'E_STATE_DAMAGED');
  });

  it('sweeps up at its start what was left half done', async () => {
    const store = await staged();
    await store.save(slotRecord());
    await writeFiles(join(packages(), '.making-1', 'package'), files);
    await writeFiles(join(packages(), '.gone-1'), files);
    await writeFile(`${record()}.tmp`, 'half');
    await store.start();
    assert.deepEqual((await readdir(packages())).length, 1);
    assert.deepEqual((await readdir(join(models(), SLOT))).sort(), ['packages', 'record.backup.json', 'record.json']);
    assert.deepEqual(await store.list(SLOT), [ref]);
  });

  it('stages nothing when the disk would be too full, and leaves nothing behind', async () => {
    const store = fsStore(models(), new FakeLog(), async () => 32 * MIB + 100);
    const refused = await store.stage(SLOT, await source(), ref, digestsOf(files));
    assert.equal(!refused.ok && refused.error.code, 'E_DISK_FULL');
    assert.deepEqual(await readdir(packages()), []);
  });

  it('follows no link in a package, and copies nothing that was not verified', async () => {
    const folder = await source();
    await writeFile(join(folder, 'extra.txt'), 'nobody verified this');
    await staged();
    assert.deepEqual(await readdir(stored('.')), [...files.keys()].sort());

    await rm(packages(), { recursive: true });
    await rm(join(folder, 'small.onnx'));
    await writeFile(temporary.path('elsewhere'), files.get('small.onnx') ?? '');
    await symlink(temporary.path('elsewhere'), join(folder, 'small.onnx'));
    const linked = await fsStore(models()).stage(SLOT, folder, ref, digestsOf(files));
    assert.equal(!linked.ok && linked.error.code, 'E_MODEL_DIGEST');
  });

  it('writes nowhere but into the package folder', async () => {
    const digests = new Map([...digestsOf(files), ['../../../escaped', 'f00']]);
    const refused = await fsStore(models()).stage(SLOT, await source(), ref, digests);
    assert.equal(!refused.ok && refused.error.code, 'E_MODEL_DIGEST');
  });

  it('hands out no model, manifest or golden case that changed in the store', async () => {
    const store = await staged();
    await writeFile(stored('small.onnx'), 'another model!!');
    const model = await store.read(SLOT, ref, 'small');
    assert.equal(!model.ok && model.error.code, 'E_MODEL_DIGEST');
    assert.equal((await store.read(SLOT, ref, 'large')).ok, true);
    await writeFile(stored('golden.json'), '[]');
    const golden = await store.open(SLOT, ref);
    assert.equal(!golden.ok && golden.error.code, 'E_MODEL_DIGEST');
  });

  it('repairs a package that changed in the store when it is staged again', async () => {
    const store = await staged();
    await writeFile(stored('small.onnx'), 'another model!!');
    await staged(store);
    assert.equal((await store.read(SLOT, ref, 'small')).ok, true);
    assert.equal((await readdir(packages())).length, 1);
  });

  it('opens no package whose seal is damaged', async () => {
    const store = await staged();
    await writeFile(join(stored('.'), '..', 'staged.json'), '{}');
    assert.equal((await store.open(SLOT, ref)).ok, false);
    assert.deepEqual(await store.list(SLOT), []);
    await store.keepOnly(SLOT, []);
    assert.deepEqual(await readdir(packages()), []);
  });

  it('says why its folder cannot be used', async () => {
    await writeFile(models(), 'a file where a folder should be');
    const store = fsStore(models());
    await assert.rejects(store.start(), { code: 'E_STATE_IO' });
    const saved = await store.save(slotRecord());
    assert.equal(!saved.ok && saved.error.code, 'E_STATE_IO');
  });
});
