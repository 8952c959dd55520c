import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OneTimePublisher } from '../../scripts/signing/one-time-publisher.ts';
import { buildComponents } from '../../src/component/build/build.ts';
import { COMPONENTS } from '../../src/component/build/components.ts';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { ROOT, temporaryFolder } from '../fixtures/built-agent.ts';
import { freePort } from '../fixtures/free-port.ts';

const GUIDE = readFileSync(join(ROOT, 'docs/guide/greengrass.md'), 'utf8');

/** A block for a shell that the guide marks: ```sh simulator, and how it is meant. */
type Block = { readonly how: string; readonly script: string };

function blocksOf(guide: string): readonly Block[] {
  return [...guide.matchAll(/^```sh simulator ?(.*)\n([\s\S]*?)^```$/gm)].map(([, how = '', script = '']) => ({
    how,
    script,
  }));
}

/** Makes a checkout of what is there, but for its models and what was built of them. */
function checkOut(folder: string): void {
  for (const name of readdirSync(ROOT)) {
    if (name !== 'greengrass-build' && name !== 'artifacts') symlinkSync(join(ROOT, name), join(folder, name));
  }
}

/** The shipped packages with a budget that a machine keeps which runs all tests: signed anew, and believed. */
async function patientModels(folder: string): Promise<void> {
  cpSync(join(ROOT, 'artifacts'), folder, { recursive: true });
  const publisher = new OneTimePublisher('guide');
  for (const name of ['bearing-fault', 'turbofan-rul']) {
    const manifest = join(folder, name, 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace(/"latencyBudgetMs": \d+/, '"latencyBudgetMs": 500'));
    await publisher.sign(join(folder, name), 1);
  }
  await publisher.writeTrust(join(folder, 'trust.json'));
}

/** Whoever follows the guide, in a checkout of their own: with its folders and a port that is free, nothing else is changed. */
class Reader {
  readonly checkout = temporaryFolder('guide');
  readonly #mode: NucleusMode;
  readonly #port: number;
  readonly #children: ChildProcess[] = [];
  printed = '';

  constructor(mode: NucleusMode, port: number, built: string) {
    this.#mode = mode;
    this.#port = port;
    checkOut(this.checkout);
    for (const name of ['artifacts', 'greengrass-build']) {
      cpSync(join(built, name), join(this.checkout, name), { recursive: true });
    }
    // What npx finds, without its second of looking.
    mkdirSync(join(this.checkout, 'path'));
    const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${ROOT}/bin/openclaw-edge.js" "$@"\n`;
    writeFileSync(join(this.checkout, 'path', 'npx'), npx, { mode: 0o755 });
  }

  /** Resolves with the exit code; what is meant to go on is waited for until it says something. */
  async follow({ how, script }: Block): Promise<number> {
    const own = script
      .replaceAll('/tmp/press-07', join(this.checkout, 'device'))
      .replaceAll('1883', String(this.#port))
      .replaceAll('--mode classic', `--mode ${this.#mode}`);
    const env = { ...process.env, PATH: `${join(this.checkout, 'path')}:${process.env['PATH']}` };
    // exec: a signal reaches the command, and not the shell alone.
    const text = how === 'background' ? `exec ${own}` : `set -e\n${own}`;
    const child = spawn('sh', ['-c', text], { cwd: this.checkout, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (some: string) => {
        printed += some;
        this.printed += some;
      });
    }
    if (how !== 'background') return new Promise((resolve) => child.once('close', (code) => resolve(code ?? -1)));
    await waitFor(`${script} says that it runs`, () => /Ctrl-C|sensors to/.test(printed), 20_000);
    return 0;
  }

  /** The end of what the model's component has said. */
  logs(): string {
    const file = join(this.checkout, 'device', 'logs', 'com.openclaw.edge.model.BearingFault.log');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-3_000) : '';
  }

  /** Ctrl-C in each terminal, the last one first. */
  async leave(): Promise<readonly (number | null)[]> {
    const codes: (number | null)[] = [];
    for (const child of this.#children.splice(0).reverse()) {
      if (child.exitCode !== null) continue;
      const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
      child.kill('SIGINT');
      codes.push(await closed);
    }
    return codes;
  }
}

describe('docs/guide/greengrass.md', function () {
  this.timeout(170_000);
  const blocks = blocksOf(GUIDE);
  let built: string;
  const readers = new Map<NucleusMode, Reader>();

  before(async () => {
    built = temporaryFolder('guide-build');
    checkOut(built);
    await patientModels(join(built, 'artifacts'));
    const components = await buildComponents({
      root: built,
      out: join(built, 'greengrass-build'),
      components: COMPONENTS,
      architectures: [process.arch === 'arm64' ? 'arm64' : 'x64'],
      progress: () => {},
      signal: new AbortController().signal,
    });
    assert(components.ok, JSON.stringify(components));
    for (const mode of ['classic', 'lite'] as const) readers.set(mode, new Reader(mode, await freePort(), built));
  });

  after(async () => {
    for (const reader of readers.values()) await reader.leave();
  });

  it('marks its blocks in ways that this test knows', () => {
    const marks = [...GUIDE.matchAll(/^```sh (.*)$/gm)].map(([, mark]) => mark);
    assert.equal(marks.length, blocks.length);
    assert.ok(blocks.length >= 8);
    for (const { how } of blocks) assert.ok(['', 'background', 'classic', 'fails'].includes(how), how);
  });

  it('holds on both nuclei: each command does what is said', async () => {
    const installed = Promise.withResolvers<void>();
    // Lite takes its time over each deployment, so it begins, and the second model is left to classic.
    const ended = await Promise.allSettled(
      (['lite', 'classic'] as const).map(async (mode) => {
        const reader = readers.get(mode);
        assert(reader !== undefined);
        if (mode === 'classic') await installed.promise;
        for (const block of blocks) {
          if (block.how === 'classic' && mode !== 'classic') continue;
          const expected = block.how === 'fails' ? 1 : 0;
          const code = await reader.follow(block);
          if (block.script.includes('simulate deploy')) installed.resolve();
          assert.equal(code, expected, `${mode}: ${block.script}\n${reader.printed}\n${reader.logs()}`);
        }
      }),
    );
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    const printed = (mode: NucleusMode) => readers.get(mode)?.printed ?? '';
    assert.match(printed('classic'), /FAILED_ROLLBACK_COMPLETE/);
    assert.match(printed('classic'), /BearingFault +1\.1\.0 +RUNNING\n.*E_ROLLOUT_GATE/s);
    assert.match(printed('lite'), / FAILED:/);
    assert.match(printed('lite'), /BearingFault +1\.2\.0 +BROKEN\n.*E_ROLLOUT_GATE/s);
    for (const reader of readers.values()) {
      assert.match(reader.printed, /^dt\/edge-agent\/press-07\/inference \{"specversion"/m);
      assert.deepEqual(await reader.leave(), [0, 0], 'Ctrl-C ends all');
    }
  });
});
