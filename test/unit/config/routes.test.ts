import assert from 'node:assert/strict';
import { parseConfig } from '../../../src/config/load.ts';
import { commandRoute, routeFailure, routeProblems } from '../../../src/config/route-problems.ts';
import type { Route } from '../../../src/domain/route.ts';

type Written = {
  inputs?: readonly string[];
  outputs?: Readonly<Record<string, unknown>>;
  action?: string;
  thing?: string;
  name?: string;
  keyLevel?: number;
  rest?: Readonly<Record<string, unknown>>;
};

function check({ inputs = ['s/+'], outputs = {}, action, thing = 'press', name = 'a', keyLevel = 0, rest }: Written) {
  const alarms = action === undefined ? [] : [{ name: 'r', raise: 1, action: { topic: action, payload: 'x' } }];
  const agent = {
    ...{ name, outputs, decisions: { alarms } },
    inputs: inputs.map((topic) => ({ topic, key: { topicLevel: keyLevel } })),
  };
  return parseConfig(JSON.stringify({ thing, agents: [agent], ...rest }));
}

function problemsOf(written: Written): string[] {
  const checked = check(written);
  return checked.ok ? [] : checked.problems.map(({ path, problem, hint }) => `${path} ${problem} ${hint ?? ''}`);
}

function configOf(written: Written) {
  const checked = check(written);
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked.value;
}

describe('the bus before a topic', () => {
  it('stays with inputs, outputs and actions', () => {
    const { agents } = configOf({
      inputs: ['local:s/+/v', 'iotcore:s/#'],
      outputs: { resultTopic: 'mqtt:r/{key}', alarmTopic: 'iotcore:a/{thing}' },
      action: 'local:act/{key}',
    });
    assert.deepEqual(
      agents[0]?.inputs.map(({ topic }) => topic),
      ['local:s/+/v', 'iotcore:s/#'],
    );
    assert.equal(agents[0]?.outputs.resultTopic, 'mqtt:r/{key}');
    assert.equal(agents[0]?.decisions.alarms[0]?.action?.topic, 'local:act/{key}');
  });

  it('does not hide what is wrong behind it', () => {
    assert.match(problemsOf({ inputs: ['local:a/#/b'] })[0] ?? '', /inputs\[0\]\.topic has a #/);
    assert.match(problemsOf({ inputs: ['local:'] })[0] ?? '', /is empty/);
    assert.match(problemsOf({ inputs: ['iotcore:$share/g/a'] })[0] ?? '', /shared subscription/);
    assert.match(problemsOf({ outputs: { alarmTopic: 'mqtt:a/+' } })[0] ?? '', /wildcard/);
  });

  it('is no level of the topic', () => {
    assert.deepEqual(problemsOf({ inputs: ['local:s/+'], keyLevel: 1 }), []);
    assert.match(problemsOf({ inputs: ['local:s/+'], keyLevel: 2 })[0] ?? '', /only the levels 0 to 1/);
  });

  for (const topic of ['IoTCore:x/y', 'iot-core:x/y', 'iot_core:x/y', 'Local:x/y', 'MQTT:x/y']) {
    it(`is not ${topic}: nobody who writes that means a topic`, () => {
      assert.match(problemsOf({ inputs: [topic] })[0] ?? '', /the bus is written (iotcore|local|mqtt):/);
      assert.match(problemsOf({ outputs: { alarmTopic: topic } })[0] ?? '', /the bus is written/);
    });
  }

  it('is not looked for in other topics with a colon', () => {
    assert.deepEqual(problemsOf({ inputs: ['opc:ns/1'], outputs: { alarmTopic: 'urn:dev:{key}' } }), []);
  });
});

describe('a topic of AWS IoT Core', () => {
  it('has seven slashes at most', () => {
    assert.deepEqual(problemsOf({ inputs: ['iotcore:1/2/3/4/5/6/7/+'] }), []);
    assert.match(problemsOf({ inputs: ['iotcore:1/2/3/4/5/6/7/8/+'] })[0] ?? '', /has 8 slashes; .* takes 7 at most/);
    assert.deepEqual(problemsOf({ outputs: { alarmTopic: 'iotcore:1/2/3/4/5/6/{thing}/{key}' } }), []);
    assert.match(
      problemsOf({ outputs: { resultTopic: 'iotcore:1/2/3/4/5/6/7/8/9' } })[0] ?? '',
      /resultTopic has 8 slashes/,
    );
  });

  it('has 256 bytes at most, with all names filled in', () => {
    const thing = 'x'.repeat(128);
    assert.deepEqual(problemsOf({ thing, outputs: { alarmTopic: `iotcore:${'a'.repeat(127)}/{thing}` } }), []);
    const tooLong = problemsOf({ thing, outputs: { alarmTopic: `iotcore:${'a'.repeat(127)}/{thing}/{key}` } });
    assert.match(tooLong[0] ?? '', /alarmTopic is 258 bytes long; .* takes 256 at most/);
    assert.match(problemsOf({ inputs: [`iotcore:${'ß'.repeat(129)}`] })[0] ?? '', /is 258 bytes long/);
  });

  it('may have the three levels of Basic Ingest besides', () => {
    assert.deepEqual(problemsOf({ outputs: { resultTopic: 'iotcore:$aws/rules/store/1/2/3/4/5/6/7/8' } }), []);
    assert.equal(problemsOf({ outputs: { resultTopic: 'iotcore:$aws/rules/store/1/2/3/4/5/6/7/8/9' } }).length, 1);
  });

  it('is limited there only', () => {
    assert.deepEqual(problemsOf({ inputs: ['mqtt:1/2/3/4/5/6/7/8/9', 'local:1/2/3/4/5/6/7/8/9'] }), []);
  });
});

describe('two topics of an agent', () => {
  for (const pair of [
    ['s/+', 's/+'],
    ['local:s/+', 'local:s/+'],
    ['s/+', 'mqtt:s/+'],
    ['local:s/+', 's/+'],
  ]) {
    it(`are the same input: ${pair.join(' and ')}`, () => {
      const [problem = '', ...others] = problemsOf({ inputs: pair });
      assert.match(problem, /inputs\[1\]\.topic is already taken by inputs\[0\]/);
      assert.equal(
        /name a bus for both/.test(problem),
        pair.some((topic) => topic.includes(':')) && pair[0] !== pair[1],
      );
      assert.deepEqual(others, []);
    });
  }
  for (const pair of [
    ['mqtt:s/+', 'local:s/+'],
    ['s/+', 'iotcore:s/+'],
    ['mqtt:s/+', 'mqtt:t/+'],
  ]) {
    it(`are two inputs: ${pair.join(' and ')}`, () => assert.deepEqual(problemsOf({ inputs: pair }), []));
  }

  it('make a loop only on one bus', () => {
    const outputs = { alarmTopic: 'local:s/alarm' };
    assert.match(problemsOf({ inputs: ['local:s/+'], outputs })[0] ?? '', /feed itself/);
    assert.match(problemsOf({ inputs: ['s/+'], outputs })[0] ?? '', /feed itself .*name a bus for both/);
    assert.deepEqual(problemsOf({ inputs: ['mqtt:s/+'], outputs }), []);
    assert.deepEqual(problemsOf({ inputs: ['s/+'], outputs: { alarmTopic: 'iotcore:s/alarm' } }), []);
  });
});

describe('placeholders', () => {
  for (const alarmTopic of ['{key}/x/alarm', 'lo{key}', '{thing}/alarm', '{agent}:x/{key}']) {
    it(`choose no bus: ${alarmTopic} is refused, and told how to write it`, () => {
      const problems = problemsOf({ thing: 'iotcore:7', name: 'local', outputs: { alarmTopic } });
      assert.match(problems[0] ?? '', /could name a bus .*Name the bus before it: mqtt:/);
      assert.deepEqual(
        problemsOf({ thing: 'iotcore:7', name: 'local', outputs: { alarmTopic: `mqtt:${alarmTopic}` } }),
        [],
      );
    });
  }

  it('begin a topic where they cannot', () => {
    assert.deepEqual(problemsOf({ outputs: { alarmTopic: '{thing}/{key}', resultTopic: '{agent}/{key}' } }), []);
  });
});

describe('the buses that a configuration names', () => {
  const buses = (...routes: Route[]) => new Set(routes);

  it('are held against those that are there, all at once', () => {
    const config = configOf({
      inputs: ['s/+', 'local:s/+/x'],
      outputs: { resultTopic: 'iotcore:r', alarmTopic: 'mqtt:a' },
      action: 'local:act',
      rest: { commands: { bus: 'iotcore' } },
    });
    assert.deepEqual(
      routeProblems(config, buses('mqtt')).map(({ path, code }) => `${path} ${code}`),
      [
        'commands.bus E_CONFIG_UNSUPPORTED',
        'agents[0].inputs[1].topic E_CONFIG_UNSUPPORTED',
        'agents[0].outputs.resultTopic E_CONFIG_UNSUPPORTED',
        'agents[0].decisions.alarms[0].action.topic E_CONFIG_UNSUPPORTED',
      ],
    );
    assert.match(
      routeFailure(config, buses('mqtt'))?.message ?? '',
      /commands\.bus names the bus iotcore, which this device does not have \(and 3 more\)\. Only a Greengrass component/,
    );
    assert.deepEqual(
      routeProblems(config, buses('local', 'iotcore')).map(({ path, hint }) => `${path}: ${hint}`),
      ['agents[0].outputs.alarmTopic: Give bus.url or bus.embedded, or name another bus.'],
    );
    assert.equal(routeFailure(config, buses('mqtt', 'local', 'iotcore')), undefined);
  });

  it('count only where they are used', () => {
    const outputs = { results: 'none', resultTopic: 'local:r' };
    const config = configOf({ outputs, rest: { commands: { enabled: false, bus: 'local' } } });
    assert.deepEqual(routeProblems(config, buses('mqtt')), []);
  });

  it('include that of commands: as written, else IoT Core where it is, else that of all other topics', () => {
    const config = configOf({});
    assert.equal(commandRoute(config, buses('mqtt')), undefined);
    assert.equal(commandRoute(config, buses('mqtt', 'local', 'iotcore')), 'iotcore');
    const written = configOf({ rest: { commands: { bus: 'mqtt' } } });
    assert.equal(commandRoute(written, buses('mqtt', 'local', 'iotcore')), 'mqtt');
  });

  it('hold a broker of the agent itself only where one was written: a component may do without', () => {
    const bus = (rest: object) => {
      const written = configOf({ rest: { ...rest } }).bus;
      return written.kind === 'embedded' && written.written;
    };
    assert.equal(bus({}), false);
    assert.equal(bus({ bus: { clientId: 'x' } }), false);
    assert.equal(bus({ bus: { embedded: {} } }), true);
  });
});
