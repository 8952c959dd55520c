import { literal } from './literal.ts';

/** One policy of a component for one service. */
export type Policy = { readonly operations: readonly string[]; readonly resources: readonly string[] };

export type Question = {
  readonly operation: string;
  /** Undefined: the request names none. */
  readonly resource: string | undefined;
  /** Wildcards of MQTT count, too. */
  readonly mqttStyle: boolean;
};

/** Characters that a resource may escape as `${c}`. */
const ESCAPED = /\$\{([*?$])\}/y;

/** Answers as the classic nucleus (AuthorizationModule, WildcardTrie): any policy that allows it is enough. */
export function allowsAsClassic(policies: readonly Policy[], { operation, resource, mqttStyle }: Question): boolean {
  return policies
    .filter(({ operations }) => operations.includes(operation) || operations.includes('*'))
    .some(({ resources }) => resource === undefined || resources.some((one) => covers(one, resource, mqttStyle)));
}

/**
 * Tells whether a policy's resource covers what is asked for: `*` stands for anything, `${*}` for a star itself. With
 * MQTT's wildcards `+` is one level and `/#` what is below, where they fill a level; elsewhere they are plain characters.
 */
function covers(pattern: string, resource: string, mqttStyle: boolean): boolean {
  if (pattern === '*' || (mqttStyle && pattern === '#')) return true;
  const expression = compile(pattern, mqttStyle);
  return expression?.test(resource) ?? false;
}

/** Undefined: the nucleus drops such a resource, with an error in its log. */
function compile(pattern: string, mqttStyle: boolean): RegExp | undefined {
  let expression = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (pattern.startsWith('${', at)) {
      ESCAPED.lastIndex = at;
      const escaped = ESCAPED.exec(pattern);
      if (escaped === null) return undefined;
      expression += literal(escaped[1] ?? '');
      at += escaped[0].length - 1;
    } else if (char === '?') return undefined;
    else if (char === '*') expression += '.*';
    else if (mqttStyle && pattern.slice(at) === '/#') return new RegExp(`^${expression}(?:/.*)?$`, 's');
    else if (mqttStyle && char === '+' && fillsLevel(pattern, at)) expression += '[^/]*';
    else expression += literal(char);
  }
  return new RegExp(`^${expression}$`, 's');
}

function fillsLevel(pattern: string, at: number): boolean {
  const before = pattern[at - 1];
  const after = pattern[at + 1];
  return (before === undefined || before === '/') && (after === undefined || after === '/');
}
