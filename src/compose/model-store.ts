import { packageFolder } from '../cli/package-folder.ts';
import { ok } from '../domain/errors.ts';
import { openPackage, readVariant } from '../package/load.ts';
import type { ModelStore } from '../ports/model-store.ts';

/** Packages as folders: a path, or the name of a shipped one. */
export function modelStore(baseDir: string): ModelStore {
  return {
    async read({ path, variant }) {
      const opened = await openPackage(packageFolder(path, baseDir));
      if (!opened.ok) return opened;
      const read = await readVariant(opened.value, variant);
      if (!read.ok) return read;
      const { manifest, golden } = opened.value;
      return ok({
        source: opened.value.folder,
        manifest,
        golden,
        variant: read.value.variant.id,
        bytes: read.value.bytes,
      });
    },
  };
}
