import { rm, writeFile } from 'node:fs/promises';
import { FakeSlotStore } from '../fakes/slot-store.ts';
import { fsStore, temporaryFolder } from '../fixtures/packages/fs-store.ts';
import { writeFiles } from '../fixtures/packages/package-files.ts';
import { type ZipEntry, zipOf } from '../fixtures/packages/zips.ts';
import { slotStoreContract } from './slot-store.ts';

slotStoreContract('FakeSlotStore', async () => {
  const store = new FakeSlotStore();
  let sources = 0;
  return {
    store,
    source: async (files) => {
      store.sources.set(`/source/${++sources}`, files);
      return `/source/${sources}`;
    },
    forget: async (source) => void store.sources.delete(source),
    reboot: async () => {
      await store.start();
      return store;
    },
    remove: async () => {},
  };
});

for (const kind of ['folders', 'zips'] as const) {
  slotStoreContract(`FsSlotStore with ${kind}`, async () => {
    const temporary = await temporaryFolder();
    let sources = 0;
    return {
      store: fsStore(temporary.path('models')),
      source: async (files) => {
        const path = temporary.path(`source-${++sources}`);
        if (kind === 'folders') return writeFiles(path, files);
        const entries = [...files].map(([name, data]): ZipEntry => ({ name, data, deflate: true }));
        await writeFile(path, zipOf(entries));
        return path;
      },
      forget: (source) => rm(source, { recursive: true }),
      reboot: async () => {
        const store = fsStore(temporary.path('models'));
        await store.start();
        return store;
      },
      remove: temporary.remove,
    };
  });
}
