/** Finds a value in a decoded document; undefined where there is nothing. */
export type Find = (document: unknown) => unknown;

/**
 * Compiles a JSON pointer (RFC 6901). It walks own properties, array items and CBOR maps only: a document cannot make
 * it reach a prototype.
 */
export function compilePointer(pointer: string): Find {
  const steps = pointer === '' ? [] : pointer.slice(1).split('/').map(plain);
  return (document) => {
    let at = document;
    for (const step of steps) {
      if (at instanceof Map) at = at.get(step);
      else if (typeof at === 'object' && at !== null && Object.hasOwn(at, step))
        at = (at as Record<string, unknown>)[step];
      else return undefined;
    }
    return at;
  };
}

function plain(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
