import type { ModelSpec } from '../domain/agent-spec.ts';
import type { Result } from '../domain/errors.ts';
import type { GoldenCase, Manifest } from '../domain/manifest.ts';

/** One variant of a package, ready to be loaded: the digest of exactly these bytes was checked. */
export type StoredModel = {
  /** The folder that it was read from. */
  readonly source: string;
  readonly manifest: Manifest;
  readonly golden: readonly GoldenCase[];
  readonly variant: string;
  readonly bytes: Uint8Array;
};

/** Where models come from. Reading has no effect, and may be repeated; damage is a failure, never a partial model. */
export interface ModelStore {
  /** Reads one variant; without one in the spec, the store's choice for this device. */
  read(spec: Pick<ModelSpec, 'path' | 'variant'>): Promise<Result<StoredModel>>;
}
