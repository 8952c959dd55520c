import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { all, ids, sqliteOutbox, stateFolder } from '../fixtures/outbox/messages.ts';
import { runUntilKilled } from '../fixtures/run-until-killed.ts';

const KILLS = Number(process.env['OPENCLAW_KILLS'] ?? 20);
const CHILD = fileURLToPath(new URL('../fixtures/outbox/put-until-killed.ts', import.meta.url));

/** From the first acknowledged message on: within a commit, between commits, while the log is written back. */
const LONGEST_LIFE_MS = 120;

describe('an outbox whose process is killed with SIGKILL', function () {
  this.timeout(20_000 + KILLS * 3_000);
  let folder: ReturnType<typeof stateFolder>;

  beforeEach(() => {
    folder = stateFolder();
  });

  afterEach(() => folder.remove());

  const runAndKill = (run: number) => runUntilKilled(CHILD, [folder.file(), String(run)], LONGEST_LIFE_MS);

  it(`loses nothing acknowledged and holds no id twice, ${KILLS} times in a row`, async () => {
    const acknowledged = new Set<string>();
    const delivered = new Set<string>();
    for (let run = 0; run < KILLS; run++) {
      for (const line of await runAndKill(run)) {
        const [word, id = ''] = line.split(' ');
        if (word === 'ack') acknowledged.add(id);
        else if (word === 'done') delivered.add(id);
        else assert.fail(line);
      }
    }
    const outbox = sqliteOutbox(folder.file(), { maxBytes: 16e6 });
    assert.deepEqual(await outbox.start(), { movedAside: undefined });
    const kept = ids(all(outbox));
    const held = new Set(kept);
    const seqs = all(outbox).map((row) => row.seq);
    const { rows } = outbox.stats();
    await outbox.stop();

    const lost = [...acknowledged].filter((id) => !held.has(id) && !delivered.has(id));
    assert.ok(acknowledged.size >= KILLS, `${acknowledged.size} acknowledged`);
    assert.deepEqual(lost, []);
    assert.equal(held.size, kept.length, 'an id is there twice');
    assert.equal(rows, kept.length, 'the counters are right after a crash');
    assert.deepEqual(
      seqs,
      [...seqs].sort((a, b) => a - b),
    );
  });
});
