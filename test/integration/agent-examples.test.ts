import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { sandboxAvailable } from '../../src/adapters/sandbox/bubblewrap.ts';
import { Observer } from '../fixtures/agent/observer.ts';
import { RealAgent } from '../fixtures/agent/real-agent.ts';
import type { Status } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { skip } from '../skip.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const files = (await readdir(EXAMPLES)).filter((file) => file.endsWith('.yaml'));
const START_MS = 20_000;

describe('the examples', function () {
  this.timeout(30_000);
  const ends: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  it('are three at least', () => {
    assert.ok(files.length >= 3);
  });

  for (const file of files) {
    it(`${file} starts on its embedded broker, answers a command over MQTT, and ends on SIGTERM`, async function () {
      const example = parse(await readFile(join(EXAMPLES, file), 'utf8'));
      if (example.agents.some(({ isolated }: { isolated?: boolean }) => isolated)) {
        const available = await sandboxAvailable();
        if (!available.ok) skip(this, available.error.message);
      }
      const folder = await mkdtemp(join(tmpdir(), 'openclaw-example-'));
      ends.push(() => rm(folder, { recursive: true, force: true }));
      // Only where it listens, and where its state lies, differs from what a user starts.
      const agent = new RealAgent({ folder, config: { ...example, state: 'state', bus: { embedded: { port: 0 } } } });
      ends.push(() => agent.stop());
      await agent.start();
      await waitFor('the agent runs', () => !agent.running || agent.stderr.includes('agent running'), START_MS);
      const url = /mqtt:\/\/127\.0\.0\.1:\d+/.exec(agent.stderr)?.[0];
      assert.ok(url !== undefined, agent.stderr);

      const observer = await Observer.connect(url, example.thing ?? 'edge-device');
      ends.push(() => observer.stop());
      const status = await observer.command<Status>('status');
      assert.deepEqual(
        status.agents.map(({ state }) => state),
        example.agents.map(() => 'running'),
      );
      assert.equal((await agent.end('SIGTERM')).code, 0);
    });
  }
});
