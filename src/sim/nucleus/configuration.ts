import { isObject, sameJson } from './json.ts';
import type { ConfigurationStore, ConfigurationValidator, JsonValue, NucleusMode } from './services.ts';

/** A value and when it was set, or the values below it. */
export type ConfigurationNode =
  | { readonly value: JsonValue; readonly at: number }
  | { readonly children: Record<string, ConfigurationNode> };

/** Time of what the recipe brings: anything that was set is newer (classic writes 1, lite 0). */
export const DEFAULT_AT = 1;

type Listener = { readonly path: readonly string[]; readonly tell: (changed: readonly string[]) => void };

/**
 * The configuration of all components. Each value carries its time, and an older one never replaces it: so what a
 * deployment or a component has set outlives the defaults of every later version.
 */
export class Configuration implements ConfigurationStore {
  readonly #mode: NucleusMode;
  readonly #onWrite: () => void;
  readonly #roots = new Map<string, ConfigurationNode>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #validators = new Map<string, Set<ConfigurationValidator>>();

  /** `onWrite` is called after each change. */
  constructor(mode: NucleusMode, onWrite: () => void) {
    this.#mode = mode;
    this.#onWrite = onWrite;
  }

  get(component: string, path: readonly string[]): JsonValue | undefined {
    const node = this.#find(component, path);
    return node === undefined ? undefined : plain(node);
  }

  merge(component: string, path: readonly string[], value: JsonValue, timestampMs: number): boolean {
    const changed: string[][] = [];
    const [root, taken] = this.#write(this.#roots.get(component), path, 0, value, timestampMs, changed);
    if (root !== undefined) this.#roots.set(component, root);
    if (taken) this.#onWrite();
    for (const where of changed) this.#tell(component, where);
    return taken;
  }

  /** Defaults of a recipe: they fill what nobody has set. */
  fill(component: string, defaults: JsonValue): void {
    this.merge(component, [], defaults, DEFAULT_AT);
  }

  /** Forgets what stands at a path; [] forgets everything of the component. */
  reset(component: string, path: readonly string[]): void {
    if (this.#find(component, path) === undefined) return;
    const last = path.at(-1);
    if (last === undefined) this.#roots.delete(component);
    else {
      const parent = this.#find(component, path.slice(0, -1));
      if (parent !== undefined && 'children' in parent)
        delete parent.children[this.#key(parent.children, last) ?? last];
    }
    this.#onWrite();
    this.#tell(component, path);
  }

  /** A copy, for `restore` and for the disk. */
  save(component: string): ConfigurationNode | undefined {
    return structuredClone(this.#roots.get(component));
  }

  restore(component: string, saved: ConfigurationNode | undefined): void {
    const before = this.get(component, []);
    if (saved === undefined) this.#roots.delete(component);
    else this.#roots.set(component, structuredClone(saved));
    this.#onWrite();
    for (const path of differences(before, this.get(component, []), [])) this.#tell(component, path);
  }

  onChange(component: string, path: readonly string[], listener: (changed: readonly string[]) => void): () => void {
    return addTo(this.#listeners, component, { path, tell: listener });
  }

  onValidate(component: string, ask: ConfigurationValidator): () => void {
    return addTo(this.#validators, component, ask);
  }

  /** Asks those that want to be asked; resolves with the reasons of refusals. No answer within the time is one. */
  async validate(
    component: string,
    proposed: JsonValue,
    deploymentId: string,
    timeoutMs: number,
  ): Promise<readonly string[]> {
    const asked = [...(this.#validators.get(component) ?? [])].map((ask) => ask(proposed, deploymentId, timeoutMs));
    return (await Promise.all(asked)).filter((answer) => answer !== undefined);
  }

  /** The node as it is to be, and whether anything was new enough. `depth` parts of the path are above it. */
  #write(
    node: ConfigurationNode | undefined,
    path: readonly string[],
    depth: number,
    value: JsonValue,
    at: number,
    changed: string[][],
  ): [ConfigurationNode | undefined, boolean] {
    const next = path[depth];
    if (next === undefined && !isObject(value)) {
      if (node !== undefined && newest(node) > at) return [node, false];
      if (node === undefined || !sameJson(plain(node), value)) changed.push([...path]);
      return [{ value, at }, true];
    }
    // What was a value becomes a map only if it is not newer.
    if (node !== undefined && 'value' in node && node.at > at) return [node, false];
    const children = node !== undefined && 'children' in node ? { ...node.children } : {};
    const below: [string, JsonValue][] = next === undefined ? Object.entries(value as object) : [[next, value]];
    let taken = below.length === 0;
    for (const [key, item] of below) {
      const name = this.#key(children, key) ?? key;
      const where = next === undefined ? [...path, name] : [...path.slice(0, depth), name, ...path.slice(depth + 1)];
      const [child, wasTaken] = this.#write(children[name], where, depth + 1, item, at, changed);
      if (child !== undefined) children[name] = child;
      taken ||= wasTaken;
    }
    if (node === undefined && below.length === 0) changed.push([...path]);
    return [{ children }, taken];
  }

  #find(component: string, path: readonly string[]): ConfigurationNode | undefined {
    let node = this.#roots.get(component);
    for (const part of path) {
      if (node === undefined || 'value' in node) return undefined;
      const key = this.#key(node.children, part);
      node = key === undefined ? undefined : node.children[key];
    }
    return node;
  }

  /** The key as it is written: classic finds it in any case. */
  #key(children: Readonly<Record<string, ConfigurationNode>>, wanted: string): string | undefined {
    if (Object.hasOwn(children, wanted)) return wanted;
    if (this.#mode === 'lite') return undefined;
    return Object.keys(children).find((key) => key.toLowerCase() === wanted.toLowerCase());
  }

  #tell(component: string, changed: readonly string[]): void {
    for (const { path, tell } of [...(this.#listeners.get(component) ?? [])]) {
      const shared = Math.min(path.length, changed.length);
      if (path.slice(0, shared).every((part, i) => this.#same(part, changed[i] ?? ''))) tell(changed);
    }
  }

  #same(a: string, b: string): boolean {
    return a === b || (this.#mode === 'classic' && a.toLowerCase() === b.toLowerCase());
  }
}

function plain(node: ConfigurationNode): JsonValue {
  if ('value' in node) return node.value;
  return Object.fromEntries(Object.entries(node.children).map(([key, child]) => [key, plain(child)]));
}

function newest(node: ConfigurationNode): number {
  if ('value' in node) return node.at;
  return Math.max(0, ...Object.values(node.children).map(newest));
}

/** Paths of the values that are not the same. */
function differences(a: JsonValue | undefined, b: JsonValue | undefined, path: readonly string[]): string[][] {
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].flatMap((key) => differences(a[key], b[key], [...path, key]));
  }
  return sameJson(a, b) ? [] : [[...path]];
}

function addTo<T>(map: Map<string, Set<T>>, key: string, item: T): () => void {
  const items = map.get(key) ?? new Set<T>();
  map.set(key, items.add(item));
  return () => items.delete(item);
}
