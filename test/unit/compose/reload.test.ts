import assert from 'node:assert/strict';
import { type InForce, makeTakeUp, topicsActedUpon } from '../../../src/compose/reload.ts';
import type { Config } from '../../../src/config/config.ts';
import { parseConfig } from '../../../src/config/load.ts';
import type { DecisionSpec } from '../../../src/domain/agent-spec.ts';

function config(action: string, more = ''): Config {
  const checked = parseConfig(`
thing: press
${more}
agents:
  - name: a
    inputs: [{topic: s/+}, {topic: 'local:line/#'}]
    decisions: {alarms: [{name: r, raise: 1, action: {topic: '${action}', payload: x}}]}
`);
  assert.ok(checked.ok, checked.ok ? '' : checked.error.message);
  return checked.value;
}

/** A device with a broker and local pub/sub, whose configuration becomes `next`. */
function device(next: Config, takesDecisions = true) {
  const inForce: InForce = { config: config('act/{key}'), buses: new Set(['mqtt', 'local'] as const) };
  const taken: DecisionSpec[] = [];
  const setDecisions = (decisions: DecisionSpec) => void taken.push(decisions);
  const agent = { name: 'a', objection: () => undefined, setDecisions, takesDecisions };
  const takeUp = makeTakeUp(inForce, [agent], () => {});
  return { inForce, taken, reload: () => takeUp(next) };
}

describe('a reload that names buses', () => {
  it('takes up an action on a bus that is there', () => {
    const { reload, taken, inForce } = device(config('local:act/{key}'));
    assert.ok(reload().ok);
    assert.equal(taken[0]?.alarms[0]?.action?.topic, 'local:act/{key}');
    assert.deepEqual(topicsActedUpon(inForce.config), ['s/+', 'line/#', 'act/+']);
  });

  it('changes nothing when an action names a bus that is not there', () => {
    const { reload, taken, inForce } = device(config('iotcore:act/{key}', 'log: {level: debug}'));
    const before = inForce.config;
    const result = reload();
    assert.equal(!result.ok && result.error.code, 'E_CONFIG_UNSUPPORTED');
    assert.match(result.ok ? '' : result.error.message, /action\.topic names the bus iotcore/);
    assert.deepEqual([taken, inForce.config === before], [[], true]);
  });

  it('does not mind what waits for the next start anyway', () => {
    const { reload } = device(config('act/{key}', 'commands: {bus: iotcore}'));
    const result = reload();
    assert.ok(result.ok);
    assert.deepEqual(
      result.value.refused.map(({ path }) => path),
      ['commands.bus'],
    );
  });
});

describe('a reload that cures an agent which could not start', () => {
  it('is welcome, and takes effect at the next start', () => {
    const { reload, taken, inForce } = device(config('act/other', 'log: {level: debug}'), false);
    const before = inForce.config.agents[0]?.decisions;
    const result = reload();
    assert.ok(result.ok);
    assert.deepEqual(result.value.applied, ['log.level']);
    assert.deepEqual(result.value.refused, [
      { path: 'agents[0].decisions.alarms[0].action.topic', reason: 'the agent is not running: at the next start' },
    ]);
    assert.deepEqual([taken, inForce.config.agents[0]?.decisions === before], [[], true]);
  });
});

describe('the topics that devices act upon', () => {
  it('are known without their buses: no reply goes there, on whatever bus', () => {
    assert.deepEqual(topicsActedUpon(config('iotcore:act/{thing}/{key}')), ['s/+', 'line/#', 'act/press/+']);
  });
});
