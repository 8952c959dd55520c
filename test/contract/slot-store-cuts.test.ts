import assert from 'node:assert/strict';
import { FakeSlotStore, PowerCut } from '../fakes/slot-store.ts';
import { digestsOf, packageFiles, refOf } from '../fixtures/packages/package-files.ts';
import { slotRecord } from '../fixtures/rollout-record.ts';

describe('A FakeSlotStore whose power is cut', () => {
  const files = packageFiles('1.0.0');

  async function scenario(store: FakeSlotStore) {
    await store.save(slotRecord({ boots: 1 }));
    await store.stage('bearings', '/source', refOf(files), digestsOf(files));
    await store.save(slotRecord({ boots: 2 }));
    await store.keepOnly('bearings', []);
  }

  async function cutAt(point: number) {
    const store = new FakeSlotStore({ cutAt: point });
    store.sources.set('/source', files);
    const thrown = await scenario(store).then(
      () => undefined,
      (error: unknown) => error,
    );
    const dark = store.dark;
    if (dark) await assert.rejects(store.load('bearings'), PowerCut);
    await store.start();
    const record = await store.load('bearings');
    const packages = (await store.list('bearings')).length;
    return { cut: thrown instanceof PowerCut, boots: record.ok && record.value?.boots, packages, points: store.points };
  }

  it('has two points for each effect: before, where it is lost, and after, where it is kept', async () => {
    const seen = [];
    for (let point = 1; point <= 9; point++) {
      const { cut, boots, packages } = await cutAt(point);
      seen.push([cut, boots, packages]);
    }
    assert.deepEqual(seen, [
      [true, undefined, 0],
      [true, 1, 0],
      [true, 1, 0],
      [true, 1, 1],
      [true, 1, 1],
      [true, 2, 1],
      [true, 2, 1],
      [true, 2, 0],
      [false, 2, 0],
    ]);
    assert.equal((await cutAt(99)).points, 8);
  });
});
