import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { all, ids, sqliteOutbox, stateFolder } from '../fixtures/outbox/messages.ts';

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

  async function runAndKill(run: number): Promise<string[]> {
    const child = spawn(process.execPath, [CHILD, folder.file(), String(run)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    let said = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * LONGEST_LIFE_MS);
      said += text;
    });
    const [code, signal] = await closed;
    assert.equal(signal, 'SIGKILL', `the child ended by itself with ${code}`);
    return said.split('\n').slice(0, -1);
  }

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
    assert.ok(acknowledged.size >= KILLS * 10, `${acknowledged.size} acknowledged`);
    assert.deepEqual(lost, []);
    assert.equal(held.size, kept.length, 'an id is there twice');
    assert.equal(rows, kept.length, 'the counters are right after a crash');
    assert.deepEqual(
      seqs,
      [...seqs].sort((a, b) => a - b),
    );
  });
});
