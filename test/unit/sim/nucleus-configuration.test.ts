import assert from 'node:assert/strict';
import { Configuration } from '../../../src/sim/nucleus/configuration.ts';

describe('Configuration of components', () => {
  const make = (mode: 'classic' | 'lite' = 'classic') => new Configuration(mode, () => {});

  it('keeps what was set when defaults change', () => {
    const one = make();
    one.fill('com.a', { x: 1, y: { z: 1 } });
    assert.ok(one.merge('com.a', ['y'], { z: 5 }, 1_000));
    one.fill('com.a', { x: 2, y: { z: 2, w: 2 } });
    assert.deepEqual(one.get('com.a', []), { x: 2, y: { z: 5, w: 2 } });
  });

  it('refuses what is older than what is there', () => {
    const one = make();
    assert.ok(one.merge('com.a', ['x'], 1, 2_000));
    assert.equal(one.merge('com.a', ['x'], 2, 1_999), false);
    assert.ok(one.merge('com.a', [], { x: 3, y: 4 }, 1_999));
    assert.deepEqual(one.get('com.a', []), { x: 1, y: 4 });
  });

  it('takes null and lists as values', () => {
    const one = make();
    one.merge('com.a', [], { a: null, b: [1, { c: 2 }] }, 1);
    assert.deepEqual(one.get('com.a', []), { a: null, b: [1, { c: 2 }] });
    assert.equal(one.get('com.a', ['b', 'c']), undefined);
  });

  it('finds keys in any case on classic only', () => {
    for (const mode of ['classic', 'lite'] as const) {
      const one = make(mode);
      one.merge('com.a', ['Rate'], 5, 1);
      assert.equal(one.get('com.a', ['rate']), mode === 'classic' ? 5 : undefined);
    }
  });

  it('tells changes at and below a path, and those that take it away', () => {
    const one = make();
    const seen: string[] = [];
    const stop = one.onChange('com.a', ['a'], (path) => seen.push(path.join('/')));
    one.merge('com.a', [], { a: { b: 1 }, c: 2 }, 1);
    one.merge('com.a', ['a', 'b'], 1, 2);
    one.merge('com.a', ['c'], 3, 3);
    one.reset('com.a', ['a']);
    assert.deepEqual(seen, ['a/b', 'a']);
    stop();
    one.merge('com.a', ['a', 'b'], 5, 5);
    assert.equal(seen.length, 2);
  });

  it('tells what a restored copy changes, and nothing else', () => {
    const one = make();
    one.merge('com.a', [], { a: 1, b: 2 }, 1);
    const saved = one.save('com.a');
    one.merge('com.a', ['a'], 9, 2);
    const seen: string[] = [];
    one.onChange('com.a', [], (path) => seen.push(path.join('/')));
    one.restore('com.a', saved);
    assert.deepEqual(seen, ['a']);
    assert.deepEqual(one.get('com.a', []), { a: 1, b: 2 });
  });
});
