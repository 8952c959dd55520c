import type { ShadowDocument } from '../../ports/shadow.ts';

/** Merges as a shadow service does: objects field by field, null removes, everything else replaces. */
export function merge(base: ShadowDocument, patch: ShadowDocument): ShadowDocument {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete merged[name];
    else merged[name] = isObject(value) ? merge(isObject(merged[name]) ? merged[name] : {}, value) : value;
  }
  return merged;
}

export function isObject(value: unknown): value is ShadowDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
