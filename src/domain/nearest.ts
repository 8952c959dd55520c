/** Slips of the finger: more than these and it is another word. */
const MAX_DISTANCE = 2;
/** `password` for `passwordFile`: shorter beginnings say nothing. */
const MIN_PREFIX = 4;
/** Distance costs the product of the lengths; no key of ours is longer. */
const MAX_LENGTH = 64;

/** Finds the known word that was most probably meant, or undefined. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined;
  const word = plain(written);
  const ranked = known
    .map((candidate) => ({ candidate, distance: distanceOf(word, plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.min(MAX_DISTANCE, candidate.length - 2))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate ?? known.find((candidate) => beginsLike(word, plain(candidate)));
}

/** `max_keys`, `max-keys` and `MaxKeys` all mean maxKeys. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '');
}

function beginsLike(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= MIN_PREFIX && (a.startsWith(b) || b.startsWith(a));
}

/** Levenshtein's distance, row by row. */
function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
