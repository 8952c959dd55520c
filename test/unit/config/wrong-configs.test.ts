import assert from 'node:assert/strict';
import { parseConfig } from '../../../src/config/load.ts';

type Case = { readonly text: string; readonly path: string; readonly problem: RegExp; readonly hint?: RegExp };

/** Each has exactly one problem. `A` stands for the agent's name, so that a row says only what is wrong. */
const INVALID: readonly Case[] = [
  { text: '', path: '', problem: /is empty/ },
  { text: '42', path: '', problem: /must be a mapping, is 42/ },
  { text: 'thing: a', path: 'agents', problem: /is missing/ },
  { text: 'agents: []', path: 'agents', problem: /at least 1 item$/ },
  { text: 'agents: {A}', path: 'agents', problem: /must be a list, is a mapping/ },
  { text: 'agents: [press]', path: 'agents[0]', problem: /must be a mapping, is text/ },
  { text: 'agents: [{container: x}]', path: 'agents[0].name', problem: /is missing/ },
  { text: 'agents: [{name: press 7}]', path: 'agents[0].name', problem: /letters, digits/ },
  { text: 'agents: [{A}, {A}]', path: 'agents[1].name', problem: /already taken by agents\[0\]/ },
  { text: 'agents: [{name: a, container: x}, {name: b, container: x}]', path: 'agents[1].container', problem: /taken/ },
  {
    text: 'agents: [{A, inputs: [{topic: s/+}, {topic: s/+, format: f32le}]}]',
    path: 'agents[0].inputs[1].topic',
    problem: /already taken by inputs\[0\]/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: s/+, maxPayloadBytes: 2MB}]}]',
    path: 'agents[0].inputs[0].maxPayloadBytes',
    problem: /at most 1000000 bytes, is 2000000/,
  },
  { text: 'agents: [{A, modle: {}}]', path: 'agents[0].modle', problem: /not a known key/, hint: /mean model\?/ },
  {
    text: 'agents: [{A, window: {max_keys: 3}}]',
    path: 'agents[0].window.max_keys',
    problem: /known/,
    hint: /maxKeys/,
  },
  { text: 'bus: {password: x}\nagents: [{A}]', path: 'bus.password', problem: /known/, hint: /passwordFile/ },
  { text: 'xyzzy: 1\nagents: [{A}]', path: 'xyzzy', problem: /known/, hint: /thing, state, bus/ },
  { text: '__proto__: {thing: x}\nagents: [{A}]', path: '__proto__', problem: /not a known key/ },
  { text: 'thing: a/b\nagents: [{A}]', path: 'thing', problem: /letters, digits/ },
  { text: 'thing: 7\nagents: [{A}]', path: 'thing', problem: /must be text, is 7/ },
  { text: 'state:\nagents: [{A}]', path: 'state', problem: /is empty/ },
  { text: 'state: ""\nagents: [{A}]', path: 'state', problem: /at least 1 character/ },
  { text: 'log: {level: loud}\nagents: [{A}]', path: 'log.level', problem: /one of trace, debug, info/ },
  { text: 'metrics: {port: 65536}\nagents: [{A}]', path: 'metrics.port', problem: /at most 65535/ },
  { text: 'shadow: {heartbeat: 1s}\nagents: [{A}]', path: 'shadow.heartbeat', problem: /at least 10000 ms, is 1000/ },
  {
    text: 'shadow: {enabled: "yes"}\nagents: [{A}]',
    path: 'shadow.enabled',
    problem: /must be true or false, is text/,
  },
  { text: 'outbox: {maxBytes: 4Gb}\nagents: [{A}]', path: 'outbox.maxBytes', problem: /must be a size such as/ },
  { text: 'outbox: {maxBytes: 1KB}\nagents: [{A}]', path: 'outbox.maxBytes', problem: /at least 4194304 bytes/ },
  {
    text: 'outbox: {maxTries: 1.5}\nagents: [{A}]',
    path: 'outbox.maxTries',
    problem: /must be a whole number, is 1\.5/,
  },
  { text: 'outbox: {maxTries: "300.0"}\nagents: [{A}]', path: 'outbox.maxTries', problem: /a number, is text/ },
  { text: 'bus: {url: mqtt://b, embedded: {}}\nagents: [{A}]', path: 'bus', problem: /not both/ },
  { text: 'bus: {url: broker}\nagents: [{A}]', path: 'bus.url', problem: /must be a URL/ },
  {
    text: 'bus: {url: "mqtt://u:p@b"}\nagents: [{A}]',
    path: 'bus.url',
    problem: /user or password/,
    hint: /passwordFile/,
  },
  { text: 'bus: {url: mqtt://b/x}\nagents: [{A}]', path: 'bus.url', problem: /behind the port/ },
  { text: 'bus: {url: mqtts://b}\nagents: [{A}]', path: 'bus.tls', problem: /needs tls\.ca/, hint: /system/ },
  { text: 'bus: {url: mqtts://b, tls: {}}\nagents: [{A}]', path: 'bus.tls.ca', problem: /is missing/ },
  { text: 'bus: {url: mqtt://b, tls: {ca: x}}\nagents: [{A}]', path: 'bus.tls', problem: /no meaning/ },
  {
    text: 'bus: {url: mqtts://b, tls: {ca: x, cert: y}}\nagents: [{A}]',
    path: 'bus.tls.key',
    problem: /needs its key/,
  },
  {
    text: 'bus: {url: mqtts://b, tls: {ca: x, minVersion: 1.1}}\nagents: [{A}]',
    path: 'bus.tls.minVersion',
    problem: /1\.2, 1\.3/,
  },
  { text: 'bus: {url: mqtt://b, passwordFile: x}\nagents: [{A}]', path: 'bus.username', problem: /is missing/ },
  { text: 'bus: {url: mqtt://b, version: 4}\nagents: [{A}]', path: 'bus.version', problem: /one of 3\.1\.1, 5/ },
  { text: 'bus: {keepalive: 1500ms}\nagents: [{A}]', path: 'bus.keepalive', problem: /whole seconds/ },
  { text: 'bus: {keepalive: 30}\nagents: [{A}]', path: 'bus.keepalive', problem: /duration with its unit/ },
  { text: 'agents: [{A, inputs: []}]', path: 'agents[0].inputs', problem: /at least 1 item/ },
  { text: 'agents: [{A, inputs: [{qos: 0}]}]', path: 'agents[0].inputs[0].topic', problem: /is missing/ },
  {
    text: 'agents: [{A, inputs: [{topic: a/b}, {topic: a/#/b}]}]',
    path: 'agents[0].inputs[1].topic',
    problem: /# that is not alone/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b+}]}]',
    path: 'agents[0].inputs[0].topic',
    problem: /\+ that is not alone/,
  },
  { text: 'agents: [{A, inputs: [{topic: a/b, qos: 2}]}]', path: 'agents[0].inputs[0].qos', problem: /one of 0, 1/ },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, values: [/x, y]}]}]',
    path: 'agents[0].inputs[0].values[1]',
    problem: /JSON pointer/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, values: /x~2}]}]',
    path: 'agents[0].inputs[0].values',
    problem: /JSON pointer/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, values: 3}]}]',
    path: 'agents[0].inputs[0].values',
    problem: /one JSON pointer or a list/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, time: {unit: ms}}]}]',
    path: 'agents[0].inputs[0].time.pointer',
    problem: /missing/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, time: now}]}]',
    path: 'agents[0].inputs[0].time',
    problem: /`arrival` or/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, key: {}}]}]',
    path: 'agents[0].inputs[0].key',
    problem: /exactly one of/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, key: {topicLevel: 2}}]}]',
    path: 'agents[0].inputs[0].key.topicLevel',
    problem: /only the levels 0 to 1/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a}]}]',
    path: 'agents[0].inputs[0].key.topicLevel',
    problem: /only the levels 0 to 0/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, format: f32le, values: /x}]}]',
    path: 'agents[0].inputs[0].values',
    problem: /f32le/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, format: f32le, time: {pointer: /t}}]}]',
    path: 'agents[0].inputs[0].time',
    problem: /f32le/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: a/b, format: f32le, key: {pointer: /k}}]}]',
    path: 'agents[0].inputs[0].key.pointer',
    problem: /f32le/,
  },
  { text: 'agents: [{A, model: {path: ./m, package: m}}]', path: 'agents[0].model', problem: /not both/ },
  { text: 'agents: [{A, model: {device: gpu}}]', path: 'agents[0].model.device', problem: /one of auto, cpu, cuda/ },
  {
    text: 'agents: [{A, model: {device: cpu}, resources: {gpu: 1}}]',
    path: 'agents[0].model.device',
    problem: /contradicts resources\.gpu/,
  },
  {
    text: 'agents: [{A, model: {device: cuda}, resources: {gpu: 0}}]',
    path: 'agents[0].model.device',
    problem: /contradicts/,
  },
  { text: 'agents: [{A, resources: {cpu: 0}}]', path: 'agents[0].resources.cpu', problem: /more than 0/ },
  {
    text: 'agents: [{A, resources: {memory: 1MB}}]',
    path: 'agents[0].resources.memory',
    problem: /at least 128000000 bytes/,
  },
  {
    text: 'agents: [{A, permissions: [camera]}]',
    path: 'agents[0].permissions[0]',
    problem: /one of network, storage/,
  },
  {
    text: 'agents: [{A, isolated: true, isolation: none}]',
    path: 'agents[0].isolation',
    problem: /contradicts isolated/,
  },
  {
    text: 'agents: [{A, isolated: false, isolation: sandbox}]',
    path: 'agents[0].isolation',
    problem: /contradicts isolated/,
  },
  { text: 'agents: [{A, decisions: {floor: 2}}]', path: 'agents[0].decisions.floor', problem: /at most 1/ },
  {
    text: 'agents: [{A, decisions: {alarms: [{name: r}]}}]',
    path: 'agents[0].decisions.alarms[0].raise',
    problem: /missing/,
  },
  {
    text: 'agents: [{A, decisions: {alarms: [{name: r, raise: 1}, {name: r, raise: 2}]}}]',
    path: 'agents[0].decisions.alarms[1].name',
    problem: /taken/,
  },
  {
    text: 'agents: [{A, decisions: {alarms: [{name: r, raise: 1, clear: 2}]}}]',
    path: 'agents[0].decisions.alarms[0].clear',
    problem: /at most raise/,
  },
  {
    text: 'agents: [{A, decisions: {alarms: [{name: r, raise: 2, clear: 1, direction: below}]}}]',
    path: 'agents[0].decisions.alarms[0].clear',
    problem: /at least raise/,
  },
  {
    text: 'agents: [{A, decisions: {alarms: [{name: r, raise: .inf}]}}]',
    path: 'agents[0].decisions.alarms[0].raise',
    problem: /must be a number/,
  },
  {
    text: 'agents: [{A, decisions: {alarms: [{name: r, raise: 80, labels: [x]}]}}]',
    path: 'agents[0].decisions.alarms[0].raise',
    problem: /between 0 and 1/,
  },
  {
    text: 'agents: [{A, decisions: {alarms: [{name: r, raise: 1, k: 6}]}}]',
    path: 'agents[0].decisions.alarms[0].k',
    problem: /at most n \(5\)/,
  },
  {
    text: 'agents: [{A, decisions: {alarms: [{name: r, raise: 1, action: {topic: a/+, payload: x}}]}}]',
    path: 'agents[0].decisions.alarms[0].action.topic',
    problem: /wildcard/,
  },
  {
    text: 'agents: [{A, outputs: {resultTopic: "x/{device}"}}]',
    path: 'agents[0].outputs.resultTopic',
    problem: /placeholder/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: "dt/#"}], outputs: {results: none}}]',
    path: 'agents[0].outputs.alarmTopic',
    problem: /feed itself/,
  },
  {
    text: 'agents: [{A, outputs: {resultTopic: "sensors/{key}/vibration"}}]',
    path: 'agents[0].outputs.resultTopic',
    problem: /feed itself/,
  },
  {
    text: 'agents: [{A, decisions: {alarms: [{name: r, raise: 1, action: {topic: "sensors/{agent}/vibration", payload: x}}]}}]',
    path: 'agents[0].decisions.alarms[0].action.topic',
    problem: /feed itself/,
  },
  { text: 'agents: [{A, batch: {wait: 1m}}]', path: 'agents[0].batch.wait', problem: /at most 10000 ms/ },
  { text: 'agents: [{A, queue: {max: 0}}]', path: 'agents[0].queue.max', problem: /at least 1$/ },
];

/** Understood, and not honoured: each must be refused, for what is ignored silently is believed to work. */
const UNSUPPORTED: readonly Case[] = [
  { text: 'agents: [{A, container: "ghcr.io/x/model:1"}]', path: 'agents[0].container', problem: /images are not run/ },
  { text: 'agents: [{A, resources: {cpu: 0.5}}]', path: 'agents[0].resources.cpu', problem: /not honoured yet/ },
  { text: 'agents: [{A, resources: {gpu: 0.5}}]', path: 'agents[0].resources.gpu', problem: /one whole GPU/ },
  { text: 'agents: [{A, resources: {gpu: 2}}]', path: 'agents[0].resources.gpu', problem: /one whole GPU/ },
  {
    text: 'agents: [{A, permissions: [network]}]',
    path: 'agents[0].permissions',
    problem: /leaves out storage/,
    hint: /isolated: true/,
  },
  {
    text: 'agents: [{A, isolation: none, permissions: []}]',
    path: 'agents[0].permissions',
    problem: /network and storage/,
  },
  {
    text: 'agents: [{A, isolation: none, resources: {memory: 1GB}}]',
    path: 'agents[0].resources.memory',
    problem: /isolation none/,
  },
  {
    text: 'agents: [{A, isolation: none, runner: {deadline: 1s}}]',
    path: 'agents[0].runner.deadline',
    problem: /isolation none/,
  },
  {
    text: 'agents: [{A, inputs: [{topic: $share/g/a/b}]}]',
    path: 'agents[0].inputs[0].topic',
    problem: /shared subscription/,
  },
  { text: 'bus: {url: ws://b}\nagents: [{A}]', path: 'bus.url', problem: /only mqtt:\/\/ and mqtts/ },
  { text: 'bus: {version: 5}\nagents: [{A}]', path: 'bus.version', problem: /must be 3\.1\.1/ },
  { text: 'bus: {username: x}\nagents: [{A}]', path: 'bus.username', problem: /embedded broker/, hint: /bus\.url/ },
];

describe('a wrong configuration', () => {
  for (const wrong of INVALID) check(wrong, 'E_CONFIG_INVALID');
});

describe('a configuration that cannot be honoured', () => {
  for (const wrong of UNSUPPORTED) check(wrong, 'E_CONFIG_UNSUPPORTED');
});

function check({ text, path, problem, hint }: Case, code: string): void {
  it(`is told at ${path || 'the top'}: ${text.replaceAll('\n', '; ').replaceAll('A,', '').slice(0, 100)}`, () => {
    const checked = parseConfig(text.replaceAll(/\{A\b/g, '{name: a'));
    assert.ok(!checked.ok, 'it was accepted');
    assert.deepEqual(
      checked.problems.map((found) => found.path),
      [path],
      JSON.stringify(checked.problems),
    );
    assert.match(checked.problems[0]?.problem ?? '', problem);
    if (hint !== undefined) assert.match(checked.problems[0]?.hint ?? '', hint);
    assert.equal(checked.problems[0]?.code, code);
    assert.equal(checked.error.code, code);
  });
}
