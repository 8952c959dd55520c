import assert from 'node:assert/strict';
import { isFault } from '../../../src/sim/nucleus/shadow-document.ts';
import { readShadowTopic, ShadowService, type ShadowVerb } from '../../../src/sim/nucleus/shadow-service.ts';

const KEY = { thing: 't', name: 's' };
const NOW_S = 1_700_000_000;

/** A shadow service, what it says, and requests to it. */
function makeService() {
  const said: [string, unknown][] = [];
  const service = new ShadowService({ now: () => NOW_S * 1_000, say: (topic, body) => said.push([topic, body]) });
  const ask = (verb: ShadowVerb, body?: unknown) =>
    service.handle(verb, KEY, Buffer.from(body === undefined ? '' : JSON.stringify(body)));
  return {
    said,
    service,
    ask,
    topics: () => said.splice(0).map(([topic]) => topic.slice('$aws/things/t/shadow/name/s/'.length)),
  };
}

describe('shadows of the simulated nucleus and cloud', () => {
  it('merge updates: maps grow together, null takes out, lists are replaced', () => {
    const { ask } = makeService();
    ask('update', { state: { reported: { a: 1, deep: { x: 1, y: 2 }, list: [1, 2] } } });
    ask('update', { state: { reported: { a: null, deep: { x: 3 }, list: [9] }, desired: { a: 1 } } });
    const got = ask('get');
    assert.ok(!isFault(got));
    assert.deepEqual(got['state'], {
      reported: { deep: { x: 3, y: 2 }, list: [9] },
      desired: { a: 1 },
      delta: { a: 1 },
    });
    assert.equal(got['version'], 2);
    assert.deepEqual((got['metadata'] as { desired: object }).desired, { a: { timestamp: NOW_S } });
  });

  it('tell the delta only while there is one, and always the documents', () => {
    const { ask, topics } = makeService();
    ask('update', { state: { desired: { a: { b: 1, c: 2 } } } });
    assert.deepEqual(topics(), ['update/delta', 'update/documents', 'update/accepted']);
    ask('update', { state: { reported: { a: { b: 1, c: 2 }, more: true } } });
    assert.deepEqual(topics(), ['update/documents', 'update/accepted']);
  });

  it('say in the delta what differs, and nothing else', () => {
    const { ask, said } = makeService();
    ask('update', {
      state: { desired: { a: { b: 1, c: 2 }, d: 0 }, reported: { a: { b: 1, c: 3 }, d: 0 } },
      clientToken: 'k',
    });
    const delta = said.find(([topic]) => topic.endsWith('delta'))?.[1];
    assert.deepEqual(delta, {
      version: 1,
      timestamp: NOW_S,
      clientToken: 'k',
      state: { a: { c: 2 } },
      metadata: { a: { c: { timestamp: NOW_S } } },
    });
  });

  it('refuse an update that expects another version', () => {
    const { ask, said } = makeService();
    ask('update', { state: { reported: {} }, version: 1 });
    ask('update', { state: { reported: { a: 1 } }, version: 1 });
    said.splice(0);
    assert.deepEqual(ask('update', { state: { reported: { a: 2 } }, version: 1, clientToken: 'k' }), {
      code: 409,
      message: 'Version conflict',
    });
    assert.deepEqual(said, [
      [
        '$aws/things/t/shadow/name/s/update/rejected',
        { code: 409, message: 'Version conflict', timestamp: NOW_S, clientToken: 'k' },
      ],
    ]);
  });

  it('count versions on after a delete', () => {
    const { ask, topics } = makeService();
    ask('update', { state: { reported: { a: 1 } } });
    topics();
    ask('delete');
    assert.deepEqual(topics(), ['delete/accepted']);
    assert.deepEqual(ask('get'), { code: 404, message: 'No shadow exists with name: s' });
    const again = ask('update', { state: { reported: { a: 1 } } });
    assert.equal(isFault(again) ? again.code : again['version'], 3);
  });

  const BAD: readonly (readonly [string, unknown, number])[] = [
    ['no state', {}, 400],
    ['a state that is no map', { state: [] }, 400],
    ['a section that is none', { state: { wanted: {} } }, 400],
    ['a section that is no map', { state: { desired: 1 } }, 400],
    ['too many levels', { state: { desired: { a: { b: { c: { d: { e: { f: { g: 1 } } } } } } } } }, 400],
    ['a client token that is too long', { state: {}, clientToken: 'x'.repeat(65) }, 400],
    ['a version that is no number', { state: {}, version: 'one' }, 400],
    ['more than 8 KB', { state: { reported: { a: 'x'.repeat(8_192) } } }, 413],
  ];
  for (const [what, body, code] of BAD) {
    it(`refuse an update with ${what}, and keep nothing of it`, () => {
      const { ask, topics } = makeService();
      const answer = ask('update', body);
      assert.equal(isFault(answer) ? answer.code : undefined, code);
      assert.deepEqual(topics(), ['update/rejected']);
      assert.equal((ask('get') as { code?: number }).code, 404);
    });
  }

  it('ignore a delta that a client sends back', () => {
    const { ask } = makeService();
    const answer = ask('update', { state: { reported: { a: 1 }, delta: { b: 1 } } });
    assert.deepEqual(isFault(answer) ? answer : answer['state'], { reported: { a: 1 } });
  });

  it('are asked for on their topics, with a name and without', () => {
    assert.deepEqual(readShadowTopic('$aws/things/t/shadow/name/s/get'), { key: KEY, verb: 'get' });
    assert.deepEqual(readShadowTopic('$aws/things/t/shadow/update'), { key: { thing: 't', name: '' }, verb: 'update' });
    assert.equal(readShadowTopic('$aws/things/t/shadow/name/s/update/accepted'), undefined);
    assert.equal(readShadowTopic('a/b'), undefined);
  });
});
