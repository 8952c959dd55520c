import { isObject } from './json.ts';
import type { Layout } from './layout.ts';
import type { JsonValue } from './services.ts';

/** A component as its variables see it. */
export type VariableScope = {
  readonly layout: Layout;
  readonly thing: string;
  readonly name: string;
  readonly version: string;
  /** Value of a path in a component's configuration. */
  readonly configuration: (component: string, path: readonly string[]) => JsonValue | undefined;
  /** Versions of direct dependencies, whose variables classic resolves too. */
  readonly dependencies: Readonly<Record<string, string>>;
};

const SAME = /\{([\w.-]+):([^:}]+)\}/g;
const OTHER = /\{([\w.-]+):([\w.-]+):([^:}]+)\}/g;

/** Resolves variables as classic does (KernelConfigResolver): what it does not know stays as it is written. */
export function resolveClassic(text: string, scope: VariableScope): string {
  const own = text.replace(SAME, (written, namespace, key) => classicValue(scope, scope, namespace, key) ?? written);
  return own.replace(OTHER, (written, component, namespace, key) => {
    const version = scope.dependencies[component];
    if (version === undefined) return written;
    return classicValue(scope, { name: component, version }, namespace, key) ?? written;
  });
}

type Named = { readonly name: string; readonly version: string };

function classicValue(scope: VariableScope, of: Named, namespace: string, key: string): string | undefined {
  if (namespace !== 'configuration') return systemValue(scope, of, namespace, key);
  const value = scope.configuration(of.name, pointerPath(key));
  return value === undefined ? undefined : javaText(value);
}

/** What a JSON pointer names: '/a/b' -> a, b; '' -> all of it. */
export function pointerPath(pointer: string): readonly string[] {
  const path = pointer.startsWith('/') ? pointer.slice(1).split('/') : pointer === '' ? [] : pointer.split('/');
  return path.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Numbers of deployments are doubles there, and 300 reads 300.0. */
function javaText(value: JsonValue): string {
  if (typeof value === 'number') return Number.isInteger(value) ? `${value}.0` : String(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function systemValue({ layout, thing }: VariableScope, of: Named, namespace: string, key: string): string | undefined {
  switch (`${namespace}:${key}`) {
    case 'kernel:rootPath':
      return layout.root;
    case 'iot:thingName':
      return thing;
    case 'work:path':
      return layout.work(of.name);
    case 'artifacts:path':
      return layout.artifacts(of.name, of.version);
    case 'artifacts:decompressedPath':
      return layout.unarchived(of.name, of.version);
    default:
      return undefined;
  }
}

/** Longest variable that lite's recipe-runner takes. */
const MAX_LITE_VARIABLE = 256;

export type LiteText = {
  readonly text: string;
  /** Why it ends where it ends: recipe-runner writes as far as it understands, and runs that. */
  readonly cutOff: string | undefined;
};

/** Resolves variables as lite does (recipe-runner): each { begins one, and what is none cuts the script off there. */
export function resolveLite(text: string, scope: VariableScope, quote = (value: string) => value): LiteText {
  let out = '';
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('{', at);
    if (open < 0) return { text: out + quote(text.slice(at)), cutOff: undefined };
    out += quote(text.slice(at, open));
    const close = text.indexOf('}', open);
    const variable = close < 0 ? undefined : text.slice(open + 1, close);
    const value = variable === undefined ? undefined : liteValue(variable, scope);
    if (value === undefined)
      return { text: out, cutOff: `it does not know {${(variable ?? text.slice(open + 1)).slice(0, 40)}` };
    out += quote(value);
    at = close + 1;
  }
  return { text: out, cutOff: undefined };
}

function liteValue(variable: string, scope: VariableScope): string | undefined {
  const colon = variable.indexOf(':');
  if (colon < 0 || variable.length > MAX_LITE_VARIABLE) return undefined;
  const [namespace, key] = [variable.slice(0, colon), variable.slice(colon + 1)];
  if (namespace !== 'configuration') {
    const value = systemValue(scope, scope, namespace, key);
    // Folders end with a slash there.
    return value !== undefined && key.toLowerCase().endsWith('path') && namespace !== 'kernel' ? `${value}/` : value;
  }
  const value = scope.configuration(scope.name, pointerPath(key));
  if (value === undefined) return undefined;
  return typeof value === 'string'
    ? value
    : isObject(value) || Array.isArray(value)
      ? JSON.stringify(value)
      : String(value);
}
