import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DoctorProbes, doctor } from '../../../src/cli/doctor.ts';
import { fail, ok } from '../../../src/domain/errors.ts';
import { capture } from './capture.ts';

type Finding = { readonly check: string; readonly state: string; readonly detail: string };

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openclaw-doctor-'));
});

after(() => rm(folder, { recursive: true }));

const WELL: DoctorProbes = {
  devices: async () => [
    { device: 'cpu', usable: true, reason: undefined },
    { device: 'npu', usable: false, reason: 'no such provider' },
  ],
  sandbox: async () => ok(undefined),
};

/** What the doctor finds with this configuration, by the name of the check. */
async function examine(probes: Partial<DoctorProbes> = {}, text = 'agents: [{name: a}]\n') {
  const config = join(folder, 'config.yaml');
  await writeFile(config, text);
  const { io, json } = capture();
  const exitCode = await doctor({ ...WELL, ...probes }).run({ args: [], flags: { config } }, io);
  const findings: readonly Finding[] = json().findings;
  return { exitCode, ok: json().ok, state: Object.fromEntries(findings.map(({ check, state }) => [check, state])) };
}

const NO_SANDBOX = { sandbox: async () => fail('E_SANDBOX_UNAVAILABLE', 'no bwrap') };
const SANDBOXED = 'agents: [{name: a, isolated: true}]\n';

describe('the doctor', () => {
  let telemetry: string | undefined;

  beforeEach(() => {
    telemetry = process.env['ORT_DISABLE_TELEMETRY'];
    process.env['ORT_DISABLE_TELEMETRY'] = '1';
  });

  afterEach(() => {
    if (telemetry === undefined) delete process.env['ORT_DISABLE_TELEMETRY'];
    else process.env['ORT_DISABLE_TELEMETRY'] = telemetry;
  });

  it('finds a machine fit, with what it lacks and does not need', async () => {
    const { exitCode, ok, state } = await examine();
    assert.deepEqual([exitCode, ok], [0, true]);
    assert.deepEqual(state, {
      node: 'ok',
      clock: 'ok',
      telemetry: 'ok',
      'device cpu': 'ok',
      'device npu': 'warn',
      sandbox: 'ok',
      'state folder': state['state folder'],
    });
    assert.notEqual(state['state folder'], 'fail', 'a small disk is a warning');
  });

  it('minds a missing sandbox where the configuration asks for one', async () => {
    const without = await examine(NO_SANDBOX);
    assert.deepEqual([without.exitCode, without.state['sandbox']], [0, 'warn']);
    const wanted = await examine(NO_SANDBOX, SANDBOXED);
    assert.deepEqual([wanted.exitCode, wanted.state['sandbox']], [1, 'fail']);
  });

  it('fails a machine on which nothing computes', async () => {
    const devices = async () => [{ device: 'cpu', usable: false, reason: 'no library' }];
    assert.equal((await examine({ devices })).exitCode, 1);
  });

  it('fails where telemetry would be sent', async () => {
    delete process.env['ORT_DISABLE_TELEMETRY'];
    assert.equal((await examine()).state['telemetry'], 'fail');
  });

  it('tells that the configuration is wrong, and goes on with the rest', async () => {
    const { exitCode, state } = await examine({}, 'agents: 7\n');
    assert.deepEqual([exitCode, state['configuration'], state['node']], [1, 'fail', 'ok']);
  });

  it('tells that the state folder cannot be written', async () => {
    await writeFile(join(folder, 'taken'), 'a file');
    const { exitCode, state } = await examine({}, 'state: taken\nagents: [{name: a}]\n');
    assert.deepEqual([exitCode, state['state folder']], [1, 'fail']);
  });

  it('shows people a table', async () => {
    const { io, written } = capture('table');
    await doctor(WELL).run({ args: [], flags: { config: join(folder, 'none.yaml') } }, io);
    assert.match(written.out, /^check +state +detail\nnode +ok +v2\d/);
    assert.match(written.out, /\ndevice npu +warn +no such provider\n/);
  });
});
