import type { Policy, Question } from './access-classic.ts';
import { literal } from './literal.ts';

/** Answers as nucleus lite (ipc_authz.c). A resource with `?` or with an unknown `${…}` is refused whatever the policy says. */
export function allowsAsLite(
  policies: readonly Policy[],
  { operation, resource, mqttStyle }: Question & { readonly resource: string },
): boolean {
  if (!isValidResource(resource)) return false;
  return policies
    .filter(({ operations }) => operations.includes(operation) || operations.includes('*'))
    .some(({ resources }) => resources.some((one) => covers(one, resource, mqttStyle)));
}

function isValidResource(resource: string): boolean {
  const plain = resource.replaceAll(/\$\{[*?$]\}/g, '');
  return !plain.includes('?') && !plain.includes('${');
}

function covers(pattern: string, resource: string, mqttStyle: boolean): boolean {
  if (pattern === '*') return true;
  return matchesGlob(pattern, resource) || (mqttStyle && matchesTopicFilter(pattern, resource));
}

/** `*` stands for anything; `${…}` for what is between its braces. */
function matchesGlob(pattern: string, resource: string): boolean {
  const parts = pattern.split(/(\*|\$\{[^}]*\})/).map((part) => {
    if (part === '*') return '.*';
    return literal(part.startsWith('${') ? part.slice(2, -1) : part);
  });
  return new RegExp(`^${parts.join('')}$`, 's').test(resource);
}

/** Goes through both texts once, and never back: `+` takes the rest of a level, wherever it stands, and `#` all. */
function matchesTopicFilter(filter: string, resource: string): boolean {
  let at = 0;
  for (const char of filter) {
    if (char === '#') return true;
    if (char === '+') while (at < resource.length && resource[at] !== '/') at++;
    else if (resource[at++] !== char) return false;
  }
  return at === resource.length;
}
