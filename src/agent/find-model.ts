import { basename } from 'node:path';
import type { ModelSpec } from '../domain/agent-spec.ts';
import { ok, type Result } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { ModelStore, StoredModel } from '../ports/model-store.ts';
import type { SlotStore } from '../ports/slot-store.ts';

export type Where = {
  readonly slot: string;
  readonly spec: ModelSpec;
  readonly models: ModelStore;
  /** Undefined: the model comes with the agent only. */
  readonly store: SlotStore | undefined;
};

/** What an agent begins with. */
export type Found = {
  readonly manifest: Result<Manifest>;
  /** The configured package; undefined where it was not needed, or not found. */
  readonly stored?: StoredModel;
  /** Neither has a rollout left a model, nor is the configured package on this device: nothing is broken, it is early. */
  readonly empty: boolean;
};

/** Finds the active model of the slot, where rollouts have left one; else the configured package. */
export async function findModel({ slot, spec, models, store }: Where): Promise<Found> {
  const record = await store?.load(slot);
  if (record?.ok === false) return { manifest: record, empty: false };
  const active = record?.value?.active;
  const opened = active && (await store?.open(slot, active));
  if (opened?.ok) return { manifest: ok(opened.value.manifest), empty: false };
  const stored = await models.read(spec);
  if (stored.ok) return { manifest: ok(stored.value.manifest), stored: stored.value, empty: false };
  const empty = active === undefined && stored.error.code === 'E_MODEL_MISSING';
  return { manifest: opened ?? stored, empty };
}

/** What the configured model is called: a shipped one by its own name, any other as its package, or its folder, says. */
export function nameOfModel({ path }: ModelSpec, known: string | undefined): string {
  return path.includes('/') ? (known ?? basename(path)) : path;
}

/** An agent that is configured for a shipped model, by its name, takes that one and no other. */
export function isForAnother({ path }: ModelSpec, { name }: Manifest): string | undefined {
  return path.includes('/') || path === name
    ? undefined
    : `the agent is configured for ${path}, this is ${name}: a slot keeps to one model, another agent can have the other`;
}
