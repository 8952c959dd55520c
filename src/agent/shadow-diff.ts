import type { ShadowDocument } from '../ports/shadow.ts';

/** What must be merged into `known` to make it `wanted`: changed fields, and null for those that are gone. */
export function shadowDiff(known: ShadowDocument, wanted: ShadowDocument): ShadowDocument {
  const patch: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(known)) {
    if (value !== undefined && wanted[name] === undefined) patch[name] = null;
  }
  for (const [name, value] of Object.entries(wanted)) {
    if (value === undefined) continue;
    const before = Object.hasOwn(known, name) ? known[name] : undefined;
    if (isObject(before) && isObject(value)) {
      const inner = shadowDiff(before, value);
      if (Object.keys(inner).length > 0) patch[name] = inner;
    } else if (JSON.stringify(before) !== JSON.stringify(value)) patch[name] = value;
  }
  return patch;
}

function isObject(value: unknown): value is ShadowDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
