import assert from 'node:assert/strict';
import { parseConfig } from '../../../src/config/load.ts';
import type { AgentSpec } from '../../../src/domain/agent-spec.ts';

const SEED = `
agents:
  - name: press-7
    container: press-7-runner
    resources: {cpu: 2, memory: 4GB, gpu: 0}
    permissions: [network, storage]
    isolated: true
`;

describe("the seed's form", () => {
  it('means a sandboxed runner of that name, with those resources and permissions', () => {
    assert.deepEqual(agent(SEED).runner, {
      isolation: 'sandbox',
      threads: 2,
      deadlineMs: 1000,
      memoryBytes: 4_000_000_000,
      network: true,
      storage: true,
      label: 'press-7-runner',
    });
  });

  it('watches bearings on any sensor when nothing else is said', () => {
    const { inputs, model, decisions } = agent(SEED);
    assert.deepEqual(inputs, [
      {
        topic: 'sensors/+/vibration',
        qos: 0,
        format: 'json',
        values: ['/values'],
        time: { pointer: '/ts', unit: 'ms' },
        key: { topicLevel: 1 },
        maxPayloadBytes: 256_000,
      },
    ]);
    assert.deepEqual(model, { path: 'bearing-fault', variant: undefined, device: 'cpu' });
    assert.deepEqual(decisions.alarms, [
      {
        name: 'bearing-fault',
        severity: 'critical',
        labels: ['inner', 'outer', 'ball'],
        direction: 'above',
        raise: 0.8,
        clear: 0.5,
        k: 4,
        n: 5,
        cooldownMs: 60_000,
        action: undefined,
      },
    ]);
  });

  it('runs on an embedded broker when no other is given', () => {
    const checked = parseConfig(SEED);
    assert.ok(checked.ok);
    const { bus, thing } = checked.value;
    assert.equal(thing, 'edge-device');
    assert.deepEqual(bus, {
      kind: 'embedded',
      written: false,
      port: 1883,
      clientId: 'edge-device',
      keepaliveMs: 30_000,
      maxInFlight: 64,
    });
  });
});

describe('what an agent may do', () => {
  const permissions: [string, Partial<AgentSpec['runner']>][] = [
    ['', { isolation: 'process', network: true, storage: true }],
    ['isolated: false', { isolation: 'process', network: true, storage: true }],
    ['isolated: true', { isolation: 'sandbox', network: false, storage: false }],
    ['isolation: sandbox', { isolation: 'sandbox', network: false, storage: false }],
    ['isolation: none', { isolation: 'none', network: true, storage: true }],
    ['isolation: sandbox\n    isolated: true', { isolation: 'sandbox' }],
    ['isolated: true\n    permissions: [storage]', { isolation: 'sandbox', network: false, storage: true }],
    ['isolated: true\n    permissions: []', { isolation: 'sandbox', network: false, storage: false }],
    ['permissions: [storage, network]', { isolation: 'process', network: true, storage: true }],
  ];
  for (const [written, wanted] of permissions) {
    it(`is ${JSON.stringify(wanted)} for ${written.replace(/\s+/g, ' ') || 'nothing said'}`, () => {
      const { isolation, network, storage } = agent(`agents:\n  - name: a\n    ${written}\n`).runner;
      assert.deepEqual({ isolation, network, storage }, { isolation, network, storage, ...wanted });
    });
  }

  const devices: [string, string][] = [
    ['resources: {gpu: 1}', 'cuda'],
    ['resources: {gpu: true}', 'cuda'],
    ['resources: {gpu: 0}', 'cpu'],
    ['resources: {gpu: false}', 'cpu'],
    ['resources: {gpu: 0}\n    model: {device: auto}', 'cpu'],
    ['resources: {gpu: 1}\n    model: {device: auto}', 'cuda'],
    ['resources: {gpu: 1}\n    model: {device: tensorrt}', 'tensorrt'],
    ['model: {device: auto}', 'auto'],
  ];
  for (const [written, device] of devices) {
    it(`computes on ${device} for ${written.replace(/\s+/g, ' ')}`, () => {
      assert.equal(agent(`agents:\n  - name: a\n    ${written}\n`).model.device, device);
    });
  }

  it('has no alarm of its own when the model is another one', () => {
    assert.deepEqual(agent('agents: [{name: a, model: {package: turbofan-rul}}]').decisions.alarms, []);
  });

  it('takes a model folder without a slash for a folder, not for a shipped package', () => {
    assert.equal(agent('agents: [{name: a, model: {path: bearing-fault}}]').model.path, './bearing-fault');
  });

  it('takes raw payloads without pointers', () => {
    const [input] = agent('agents: [{name: a, inputs: [{topic: raw/+, format: f32le}]}]').inputs;
    assert.deepEqual(input?.values, []);
    assert.equal(input?.time, undefined);
  });

  it('clears an alarm where it is raised when clear is left out', () => {
    const [rule] = agent('agents: [{name: a, decisions: {alarms: [{name: r, direction: below, raise: 30}]}}]').decisions
      .alarms;
    assert.equal(rule?.clear, 30);
  });
});

describe('the bus', () => {
  it('takes a broker with TLS, and gives paths and protocol words on', () => {
    const checked = parseConfig(`
thing: press
bus:
  url: mqtts://broker.local:8883
  username: press
  passwordFile: secrets/password
  keepalive: 1m
  tls: {ca: ca.pem, cert: press.pem, key: press.key, minVersion: 1.2}
agents: [{name: a}]
`);
    assert.ok(checked.ok);
    assert.deepEqual(checked.value.bus, {
      kind: 'url',
      url: 'mqtts://broker.local:8883',
      version: '5',
      username: 'press',
      passwordFile: 'secrets/password',
      tls: { caFile: 'ca.pem', client: { certFile: 'press.pem', keyFile: 'press.key' }, minVersion: '1.2' },
      clientId: 'press',
      keepaliveMs: 60_000,
      maxInFlight: 64,
    });
  });

  it("trusts the system's roots only when told so", () => {
    const checked = parseConfig('bus: {url: mqtts://b, tls: {ca: system}}\nagents: [{name: a}]');
    assert.ok(checked.ok && checked.value.bus.kind === 'url');
    assert.deepEqual(checked.value.bus.tls, { caFile: undefined, client: undefined, minVersion: '1.3' });
  });
});

function agent(text: string): AgentSpec {
  const checked = parseConfig(text);
  assert.ok(checked.ok, checked.ok ? '' : JSON.stringify(checked.problems));
  const [first] = checked.value.agents;
  assert.ok(first);
  return first;
}
