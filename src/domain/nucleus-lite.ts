/**
 * What nucleus lite has memory for, from 2.3.0 to 2.6.0 at least. Beyond it a deployment or a request fails, without a
 * reason that would help anybody.
 */

/** Keys, values and items of one object: a recipe, an answer to GetConfiguration (component-sdk, gg_obj_visit). */
export const MAX_LITE_PARTS = 255;

/** Each artifact of a recipe gets a Digest and an Algorithm in the cloud. */
export const CLOUD_PARTS_AN_ARTIFACT = 4;

/** JSON of one value of a configuration; a list is one, with all that is in it (ggconfigd, ggconfig_process_nonmap). */
export const MAX_LITE_VALUE_BYTES = 1_024;

/** A configuration that is written at once: 200 objects of 11 bytes, without the 96 of path and time (core-bus, server.c). */
export const MAX_LITE_WRITE_BYTES = 2_200 - 96;

/** A message on its way from lite's local pub/sub to a subscriber: 50 objects of 11 bytes, without its topic and type. */
export const MAX_LITE_JSON_MESSAGE_BYTES = 550 - 63;

/** Counts keys, values and items as lite does. */
export function liteParts(value: unknown): number {
  return weigh(value, 2, 1);
}

/** The parts of a recipe as it comes from the cloud, which adds digests. */
export function liteRecipeParts(recipe: unknown): number {
  const artifacts = itemsAt(recipe, 'Manifests').flatMap((manifest) => itemsAt(manifest, 'Artifacts'));
  const undigested = artifacts.filter((artifact) => isMap(artifact) && artifact['Digest'] === undefined);
  return liteParts(recipe) + CLOUD_PARTS_AN_ARTIFACT * undigested.length;
}

/** Bytes of a value between the processes of lite; its texts take none there. */
export function liteObjectBytes(value: unknown): number {
  return weigh(value, 21, 11);
}

/** Gives each value that is no map, with its path, in order: lite stores them one by one. An empty map is one, too. */
export function* liteValues(value: unknown, path: readonly string[] = []): Generator<readonly [string[], unknown]> {
  const entries = isMap(value) ? Object.entries(value) : [];
  for (const [key, inside] of entries) yield* liteValues(inside, [...path, key]);
  if (entries.length === 0) yield [[...path], value];
}

export function liteValueBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

function weigh(value: unknown, pair: number, item: number): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + item + weigh(one, pair, item), 0);
  if (!isMap(value)) return 0;
  return Object.values(value).reduce<number>((sum, one) => sum + pair + weigh(one, pair, item), 0);
}

function itemsAt(value: unknown, key: string): readonly unknown[] {
  const items = isMap(value) ? value[key] : undefined;
  return Array.isArray(items) ? items : [];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
