import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = globSync(['*.md', 'docs/**/*.md', 'artifacts/*/MODEL_CARD.md'], { cwd: ROOT });

describe('the documents', () => {
  it('link to files that there are', () => {
    const links = PAGES.flatMap((page) =>
      [...textOf(page).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => ({ page, to })),
    );
    assert.ok(links.length > 50, `${links.length} links`);
    assert.deepEqual(
      links.filter(({ page, to }) => !existsSync(join(ROOT, dirname(page), to))),
      [],
    );
  });

  it('name places of the code that there are', () => {
    const map = textOf('docs/guide/reading-the-code.md');
    const places = [...map.matchAll(/`([\w-]+(?:\/[\w.-]+)+\/?)`/g)].map(([, place = '']) => place);
    assert.ok(places.length > 20, `${places.length} places`);
    assert.deepEqual(
      places.filter((place) => !existsSync(join(ROOT, 'src', place)) && !existsSync(join(ROOT, place))),
      [],
    );
  });
});

function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}
