import assert from 'node:assert/strict';
import { checkConfig, parseConfig } from '../../../src/config/load.ts';

const MANY = `thign: x
bus: {version: 5, tls: {cert: c.pem}, keepalive: 5}
agents:
  - name: a
    container: ghcr.io/x:1
    modell: 3
    resources: {cpu: 0.5, memory: 4Gb, gpu: 2}
    permissions: [network, camera]
    isolation: none
    inputs:
      - {topic: a/#/b, values: [/x, y]}
    decisions:
      alarms:
        - {name: r, raise: 1, clear: 2, k: 9}
        - {name: r, raise: }
    window:
  - name: a
  - 7
`;

describe('a configuration with many problems', () => {
  it('tells all of them at once, in the order of the text', () => {
    const checked = parseConfig(MANY);
    assert.ok(!checked.ok);
    assert.deepEqual(
      checked.problems.map(({ line, path }) => `${line} ${path}`),
      [
        '1 thign',
        '2 bus.version',
        '2 bus.tls.ca',
        '2 bus.tls.key',
        '2 bus.tls',
        '2 bus.keepalive',
        '5 agents[0].container',
        '6 agents[0].modell',
        '7 agents[0].resources.cpu',
        '7 agents[0].resources.memory',
        '7 agents[0].resources.gpu',
        '8 agents[0].permissions[1]',
        '11 agents[0].inputs[0].topic',
        '11 agents[0].inputs[0].values[1]',
        '14 agents[0].decisions.alarms[0].clear',
        '14 agents[0].decisions.alarms[0].k',
        '15 agents[0].decisions.alarms[1].name',
        '15 agents[0].decisions.alarms[1].raise',
        '16 agents[0].window',
        '17 agents[1].name',
        '18 agents[2]',
      ],
    );
  });

  it('sums them up in one failure', () => {
    const checked = parseConfig(MANY);
    assert.ok(!checked.ok);
    assert.equal(checked.error.code, 'E_CONFIG_INVALID');
    assert.match(checked.error.message, /thign is not a known key \(and 20 more\)$/);
  });

  it('names the column of an unknown key', () => {
    const checked = parseConfig('agents: [{name: a, modle: {}}]');
    assert.ok(!checked.ok);
    assert.deepEqual([checked.problems[0]?.line, checked.problems[0]?.column], [1, 20]);
  });

  it('still checks one agent for loops when another one is wrong', () => {
    const checked = parseConfig(`agents:
  - {name: a, inputs: [{topic: "dt/#"}]}
  - {name: b, window: 3}
`);
    assert.ok(!checked.ok);
    assert.deepEqual(
      checked.problems.map(({ path }) => path),
      ['agents[0].outputs.resultTopic', 'agents[0].outputs.alarmTopic', 'agents[1].window'],
    );
  });
});

describe('a file that is something else', () => {
  it('is told by its first hundred problems, and by how many there are', () => {
    const checked = parseConfig(Array.from({ length: 1500 }, (_, at) => `key${at}: 1`).join('\n'));
    assert.ok(!checked.ok);
    assert.equal(checked.problems.length, 100);
    assert.match(checked.error.message, /and 1500 more/);
  });
});

describe('a good configuration', () => {
  it('is frozen to the last leaf', () => {
    const checked = parseConfig('agents: [{name: a}]');
    assert.ok(checked.ok);
    const thawed: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) thawed.push(path);
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`);
    };
    visit(checked.value, 'config');
    assert.deepEqual(thawed, []);
  });

  it('shares nothing with another one, so that freezing one cannot hurt the other', () => {
    const [one, two] = [parseConfig('agents: [{name: a}]'), parseConfig('agents: [{name: a}]')];
    assert.ok(one.ok && two.ok);
    assert.deepEqual(one.value, two.value);
    assert.notEqual(one.value.agents[0], two.value.agents[0]);
  });

  it('may come as data and as JSON, too', () => {
    const data = { agents: [{ name: 'a', resources: { memory: 1e9 } }] };
    const [checked, text] = [checkConfig(data), parseConfig(JSON.stringify(data))];
    assert.ok(checked.ok && text.ok);
    assert.deepEqual(checked.value, text.value);
    assert.equal(Object.isFrozen(data), false);
  });

  it('may repeat parts with anchors', () => {
    const checked = parseConfig(`agents:
  - {name: a, inputs: &all [{topic: plant/+/vibration}]}
  - {name: b, inputs: *all}
`);
    assert.ok(checked.ok);
    assert.deepEqual(checked.value.agents[0]?.inputs, checked.value.agents[1]?.inputs);
  });

  it('may let one agent hear what another one publishes', () => {
    const checked = parseConfig(`agents:
  - {name: a, outputs: {resultTopic: plant/scores/a}}
  - {name: b, inputs: [{topic: plant/scores/+}]}
`);
    assert.ok(checked.ok);
  });
});

describe('data that is no configuration', () => {
  for (const data of [undefined, null, 1, 'text', [], () => 0]) {
    it(`is refused: ${Object.prototype.toString.call(data)}`, () => {
      const checked = checkConfig(data);
      assert.ok(!checked.ok);
      assert.equal(checked.problems.length, 1);
      assert.match(checked.error.message, /the file/);
    });
  }

  it('cannot reach a prototype', () => {
    const checked = parseConfig('agents: [{name: a, window: {__proto__: {maxKeys: 1}, constructor: {x: 1}}}]');
    assert.ok(!checked.ok);
    assert.deepEqual(
      checked.problems.map(({ path }) => path),
      ['agents[0].window.__proto__', 'agents[0].window.constructor'],
    );
    assert.equal(({} as { maxKeys?: number }).maxKeys, undefined);
  });
});
