import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fsStore, temporaryFolder } from '../fixtures/packages/fs-store.ts';
import { runUntilKilled } from '../fixtures/run-until-killed.ts';

const KILLS = Number(process.env['OPENCLAW_KILLS'] ?? 20);
const CHILD = fileURLToPath(new URL('../fixtures/packages/stage-until-killed.ts', import.meta.url));
/** From the first word on: within a copy, a seal, a rename, a save, a removal. */
const LONGEST_LIFE_MS = 150;

describe('a slot store whose process is killed with SIGKILL', function () {
  this.timeout(20_000 + KILLS * 3_000);
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  before(async () => {
    temporary = await temporaryFolder();
  });
  after(() => temporary.remove());

  async function runAndKill(from: number): Promise<Map<string, number>> {
    const args = [temporary.path('models'), temporary.path('in'), String(from)];
    const last = new Map<string, number>();
    for (const line of await runUntilKilled(CHILD, args, LONGEST_LIFE_MS)) {
      const [word = '', n] = line.split(' ');
      last.set(word, Number(n));
    }
    return last;
  }

  it(`has the old record or the new one, and no half package, ${KILLS} times in a row`, async () => {
    let saved = 0;
    let stagedInVain = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const last = await runAndKill(saved);
      const acknowledged = Math.max(saved, last.get('saved') ?? 0);
      const store = fsStore(temporary.path('models'));

      const loaded = await store.load('s');
      assert.ok(loaded.ok, JSON.stringify(loaded));
      const boots = loaded.value?.boots ?? 0;
      assert.ok(boots === acknowledged || boots === acknowledged + 1, `${boots} after ${acknowledged} was saved`);

      const refs = await store.list('s');
      for (const ref of refs) {
        const read = await store.read('s', ref, 'large');
        assert.ok(read.ok, JSON.stringify(read));
      }
      const active = loaded.value?.active;
      if (active !== undefined) assert.ok((await store.read('s', active, 'small')).ok, 'the active model is whole');
      const staged = last.get('staged') ?? 0;
      if (staged > boots) {
        assert.ok(
          refs.some((ref) => ref.version === `1.0.${staged}`),
          'what was told to be staged is there',
        );
      }
      if ((last.get('staging') ?? 0) > staged) stagedInVain++;

      await store.start();
      const left = (await readdir(temporary.path('models/s/packages'))).filter((name) => name.startsWith('.'));
      assert.deepEqual(left, []);
      saved = boots;
    }
    assert.ok(saved > 0, 'no life was long enough for a save');
    assert.ok(stagedInVain > 0, 'no kill fell into a staging');
  });
});
