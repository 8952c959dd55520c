import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { builtAgent, ROOT, temporaryFolder } from '../fixtures/built-agent.ts';
import { skip } from '../skip.ts';

/** Emulated, everything takes some twenty times as long. */
const DEADLINE_MS = 60_000;
const QEMU = '/usr/bin/qemu-aarch64-static';
/** Debian's libc6-arm64-cross and libstdc++6-arm64-cross: what a device has. */
const LIBRARIES = '/usr/aarch64-linux-gnu/lib';
const NEEDED = [QEMU, join(LIBRARIES, 'libc.so.6'), join(LIBRARIES, 'libstdc++.so.6')];

/** A Cortex-A72, as in a Raspberry Pi 4: without an Arm's file ONNX Runtime falls over what this machine's kernel tells. */
const CPU_INFO = `processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

`;

type Tested = {
  gates: { goldenTolerance: number };
  variants: { variant: string; provider: string; goldenCases: number; largestDifference: number }[];
};

describe('the archive for 64-bit Arm', function () {
  this.timeout(DEADLINE_MS);
  let folder = '';
  let environment: Record<string, string> = {};

  before(async function () {
    const missing = process.arch === 'arm64' ? [] : NEEDED.filter((file) => !existsSync(file));
    if (missing.length > 0) skip(this, `${missing.join(', ')} missing`);
    const built = await builtAgent('arm64');
    if (!built.ok && built.error.code === 'E_NODE_UNAVAILABLE') skip(this, built.error.message);
    if (!built.ok) throw new Error(built.error.message);
    folder = built.value.folder;
    if (process.arch !== 'arm64') environment = await emulated(folder);
  });

  it('starts, with its own Node', async () => {
    const { stdout } = await run('--version');
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('loads a model in its runner process, and infers what it should', async () => {
    const { stdout } = await run('model', 'test', join(ROOT, 'artifacts/turbofan-rul'), '--output', 'json');
    const { gates, variants } = JSON.parse(stdout) as Tested;
    assert.deepEqual(
      variants.map(({ variant, provider }) => [variant, provider]),
      [
        ['small', 'cpu'],
        ['large', 'cpu'],
      ],
    );
    for (const { goldenCases, largestDifference } of variants) {
      assert.ok(goldenCases > 0);
      assert.ok(largestDifference <= gates.goldenTolerance, `${largestDifference} from the golden scores`);
    }
  });

  it('loads the client of the AWS Common Runtime', async () => {
    const native = join(folder, 'app/native/aws-crt-nodejs.node');
    const script = `process.stdout.write(typeof require(${JSON.stringify(native)}).event_stream_client_connection_new)`;
    const { stdout } = await promisify(execFile)(join(folder, 'node/bin/node'), ['-e', script]);
    assert.equal(stdout, 'function');
  });

  /** Its exit code would say that it is too slow: emulated, it is. */
  function run(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    const env = { PATH: process.env['PATH'], HOME: folder, ...environment };
    return new Promise((resolve, reject) => {
      execFile(join(folder, 'bin/openclaw-edge'), args, { env }, (error, stdout, stderr) => {
        if (stdout === '') reject(error ?? new Error(stderr));
        else resolve({ stdout, stderr });
      });
    });
  }
});

/**
 * Lets this machine run the archive's Node, also where the kernel knows no foreign binaries (binfmt): a script in its place
 * calls qemu. A process that Node itself starts goes the same way: only the path of Node is another one.
 */
async function emulated(folder: string): Promise<Record<string, string>> {
  const node = join(folder, 'node/bin/node');
  const system = temporaryFolder('arm-system');
  await symlink(LIBRARIES, join(system, 'lib'));
  await mkdir(join(system, 'proc'));
  await writeFile(join(system, 'proc/cpuinfo'), CPU_INFO);
  await rename(node, `${node}.arm64`);
  await writeFile(node, `#!/bin/sh\nexec ${QEMU} -L '${system}' '${node}.arm64' "$@"\n`);
  await chmod(node, 0o755);
  const preload = join(system, 'exec-path.mjs');
  await writeFile(preload, `process.execPath = ${JSON.stringify(node)};\n`);
  return { NODE_OPTIONS: `--import=${preload}` };
}
