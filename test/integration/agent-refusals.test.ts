import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERRORS, type ErrorCode } from '../../src/domain/errors.ts';
import { meanModel, writeModelPackage } from '../fixtures/agent/model-package.ts';
import { type AgentOptions, RealAgent } from '../fixtures/agent/real-agent.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';

/** A device on which no agent works stays for 3 s, to tell the fleet why. */
const REFUSED_MS = 15_000;

type Case = {
  readonly what: string;
  /** Fields over those of a configuration that would work; text: the whole file. */
  readonly config: object | string;
  readonly flags?: readonly string[];
  readonly code: ErrorCode;
  readonly exit: number;
  /** What the message must name, so that a user knows where to look. */
  readonly names: string;
};

const agents = (fields: object) => ({ agents: [{ name: 'press', model: { path: './model' }, ...fields }] });

const CASES: readonly Case[] = [
  { what: 'text that is no YAML', config: 'agents: [', code: 'E_CONFIG_SYNTAX', exit: 1, names: 'line 1' },
  { what: 'an unknown key', config: { colour: 'red' }, code: 'E_CONFIG_INVALID', exit: 1, names: 'colour' },
  {
    what: 'half a core',
    config: agents({ resources: { cpu: 0.5 } }),
    code: 'E_CONFIG_UNSUPPORTED',
    exit: 1,
    names: 'agents[0].resources.cpu',
  },
  {
    what: 'a bus that only a Greengrass component has',
    config: agents({ inputs: [{ topic: 'local:sensors/+/v' }] }),
    code: 'E_CONFIG_UNSUPPORTED',
    exit: 1,
    names:
      'agents[0].inputs[0].topic names the bus local, which this device does not have. Only a Greengrass component',
  },
  { what: 'a wrong flag', config: {}, flags: ['--device', 'abacus'], code: 'E_USAGE', exit: 2, names: 'abacus' },
  {
    what: 'no such model',
    config: agents({ model: { path: './none' } }),
    code: 'E_MODEL_MISSING',
    exit: 3,
    names: 'none',
  },
  {
    what: 'a model that was changed',
    config: agents({ model: { path: './changed' } }),
    code: 'E_MODEL_DIGEST',
    exit: 1,
    names: 'small.onnx',
  },
  {
    what: 'a model that is no model',
    config: agents({ model: { path: './nonsense' } }),
    code: 'E_MODEL_LOAD',
    exit: 1,
    names: 'test-model@1.0.0/small: Failed to load model because protobuf',
  },
  {
    what: 'a model of another shape',
    config: agents({ model: { path: './other' } }),
    code: 'E_MODEL_CONTRACT',
    exit: 1,
    names: 'x',
  },
  {
    what: 'a device that is not there',
    config: agents({ model: { path: './model', device: 'openvino' } }),
    code: 'E_DEVICE_UNAVAILABLE',
    exit: 3,
    names: 'openvino',
  },
  {
    what: 'a password file that is not there',
    config: { bus: { url: 'mqtt://127.0.0.1:1', username: 'u', passwordFile: 'secret.txt' } },
    code: 'E_FILE_MISSING',
    exit: 3,
    names: 'secret.txt',
  },
  {
    what: 'a state folder that is a file',
    config: { state: './model/manifest.json' },
    code: 'E_STATE_FOLDER',
    exit: 1,
    names: 'manifest.json',
  },
  {
    what: 'a scratch folder that cannot be made',
    config: { state: './blocked', ...agents({ isolated: true, permissions: ['storage'] }) },
    code: 'E_STATE_FOLDER',
    exit: 1,
    names: 'scratch',
  },
];

describe('agent run refuses to start', function () {
  this.timeout(60_000);
  const ends: (() => unknown)[] = [];
  let folder: string;
  const agentsOf = new Map<string, RealAgent>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-refusals-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    await Promise.all(CASES.map(({ what }, i) => prepare(i, what)));
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** Starts a case: all at once, as some take their time to end. */
  async function prepare(i: number, what: string): Promise<void> {
    const { config, flags = [] } = CASES[i] as Case;
    const home = join(folder, String(i));
    await models(home);
    const whole = typeof config === 'string' ? config : { ...base(), ...config };
    agentsOf.set(what, await launch({ folder: home, config: whole, flags: ['-o', 'json', ...flags] }));
  }

  async function launch(options: AgentOptions): Promise<RealAgent> {
    const agent = new RealAgent(options);
    ends.push(() => agent.stop());
    await agent.start();
    return agent;
  }

  function assertTold(agent: RealAgent, code: ErrorCode, names: string): void {
    const { ok, error } = JSON.parse(agent.stdout.trimEnd().split('\n').at(-1) ?? '');
    assert.equal(ok, false);
    assert.equal(error.code, code, agent.stdout);
    assert.ok(error.message.includes(names), error.message);
    assert.ok(!agent.stderr.includes('    at '), `a stack trace is nothing for a user: ${agent.stderr}`);
  }

  for (const { what, code, exit, names } of CASES) {
    it(`${what} with ${code} and exit code ${exit}`, async () => {
      const agent = agentsOf.get(what) as RealAgent;
      await waitFor('it ends by itself', () => !agent.running, REFUSED_MS);
      const ending = await agent.ended();
      assertTold(agent, code, names);
      assert.equal(ending.code, exit);
    });
  }

  it('a file that is not there with E_FILE_MISSING and exit code 3', async () => {
    const flags = ['--config', join(folder, 'none.yaml'), '-o', 'json'];
    const agent = await launch({ folder, config: base(), flags });
    const { code } = await agent.ended();
    assertTold(agent, 'E_FILE_MISSING', 'none.yaml');
    assert.equal(code, 3);
  });

  it('a port that is taken with E_PORT_IN_USE, and tells people what to do', async () => {
    const server = await listen();
    ends.push(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const agent = await launch({ folder, config: { ...base(), bus: { embedded: { port } } } });
    const { code } = await agent.ended();
    assert.equal(code, 1);
    assert.equal(agent.stdout, '');
    assert.ok(agent.stderr.includes('E_PORT_IN_USE') && agent.stderr.includes(String(port)), agent.stderr);
    assert.ok(agent.stderr.includes(ERRORS.E_PORT_IN_USE.hint));
  });

  it('a second agent on the state folder of a first with E_STATE_LOCKED, and leaves the first alone', async () => {
    const home = join(folder, 'shared');
    await models(home);
    const first = await launch({ folder: home, config: base() });
    await waitFor('the first one runs', () => first.stderr.includes('agent running'));
    const second = await launch({ folder: home, config: base(), flags: ['-o', 'json'] });
    const { code } = await second.ended();
    assertTold(second, 'E_STATE_LOCKED', 'locked');
    assertTold(second, 'E_STATE_LOCKED', home);
    assert.equal(code, 1);
    assert.ok(first.running);
    assert.equal((await first.end('SIGTERM')).code, 0);
    const third = await launch({ folder: home, config: base() });
    await waitFor('the next one may', () => third.stderr.includes('agent running'));
  });
});

/** A configuration with nothing wrong: a broker of its own on any port. */
function base(): object {
  return { bus: { embedded: { port: 0 } }, ...agents({}) };
}

async function models(home: string): Promise<void> {
  await mkdir(join(home, 'blocked'), { recursive: true });
  await writeFile(join(home, 'blocked', 'scratch'), 'a file where a folder should be');
  await writeModelPackage(join(home, 'model'), meanModel(1), 1);
  await writeModelPackage(join(home, 'changed'), meanModel(1), 1);
  const changed = Buffer.from(meanModel(1));
  changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
  await writeFile(join(home, 'changed', 'small.onnx'), changed);
  await writeModelPackage(join(home, 'nonsense'), Buffer.from('this is no graph'), 1);
  await writeModelPackage(join(home, 'other'), meanModel(2), 1);
}

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  });
}
