import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { olderFile, verifyAudit } from '../../src/adapters/audit-chain.ts';
import { temporaryFolder } from '../fixtures/packages/fs-store.ts';
import { runUntilKilled } from '../fixtures/run-until-killed.ts';

const KILLS = Number(process.env['OPENCLAW_KILLS'] ?? 20);
const CHILD = fileURLToPath(new URL('../fixtures/append-until-killed.ts', import.meta.url));
const LONGEST_LIFE_MS = 100;

describe('an audit log whose process is killed with SIGKILL', function () {
  this.timeout(20_000 + KILLS * 3_000);
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  before(async () => {
    temporary = await temporaryFolder();
  });
  after(() => temporary.remove());

  async function runAndKill(file: string, from: number): Promise<number> {
    const said = await runUntilKilled(CHILD, [file, String(from)], LONGEST_LIFE_MS);
    return Number(said.at(-1));
  }

  it(`is one unbroken chain that ends with what was acknowledged, ${KILLS} times in a row`, async () => {
    const file = temporary.path('audit.jsonl');
    let last = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const acknowledged = await runAndKill(file, last);
      const verdict = await verifyAudit(file);
      assert.ok(verdict.ok, JSON.stringify(verdict));
      const texts = await Promise.all([olderFile(file), file].map((each) => readFile(each, 'utf8').catch(() => '')));
      const numbers = texts.flatMap((text) => text.split('\n').slice(0, -1)).map((line) => JSON.parse(line).at);
      last = numbers.at(-1);
      assert.ok(last >= acknowledged, `${last} after ${acknowledged} was acknowledged`);
      assert.deepEqual(
        numbers,
        Array.from(numbers, (_, i) => numbers[0] + i),
        'none is missing',
      );
    }
  });
});
