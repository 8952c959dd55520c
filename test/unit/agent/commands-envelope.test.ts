import assert from 'node:assert/strict';
import { type ReadCommand, readCommand } from '../../../src/agent/commands/envelope.ts';
import { replyTopicProblem } from '../../../src/agent/commands/topics.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GOOD = { id: 'a', verb: 'status', issuedAt: NOW, expiresAt: NOW + MINUTE };

describe('the envelope of a command', () => {
  it('gives the command, its times as milliseconds', () => {
    const { id, verb, target, command } = read({ ...GOOD, issuedAt: '2026-01-01T01:00:00+01:00', correlationId: 'c' });
    assert.deepEqual([id, verb], ['a', 'status']);
    assert.ok(command.ok);
    assert.equal(command.value.issuedAt, NOW);
    assert.deepEqual(command.value.args, {});
    assert.deepEqual(target, {
      topic: 'cmd/edge-agent/t/status/reply',
      correlationData: undefined,
      correlationId: 'c',
    });
  });

  const refused: readonly (readonly [name: string, body: object, code: string, why: RegExp])[] = [
    ['without an id', { ...GOOD, id: undefined }, 'E_COMMAND_MALFORMED', /id/],
    ['with an empty id', { ...GOOD, id: '' }, 'E_COMMAND_MALFORMED', /id/],
    ['with a slash in the id', { ...GOOD, id: 'a/b' }, 'E_COMMAND_MALFORMED', /id/],
    ['with an id of 129 characters', { ...GOOD, id: 'x'.repeat(129) }, 'E_COMMAND_MALFORMED', /id/],
    ['with another verb than its topic', { ...GOOD, verb: 'reload' }, 'E_COMMAND_MALFORMED', /verb/],
    ['without times', { id: 'a', verb: 'status' }, 'E_COMMAND_MALFORMED', /issuedAt/],
    ['with a time without a zone', { ...GOOD, issuedAt: '2026-01-01T00:00:00' }, 'E_COMMAND_MALFORMED', /issuedAt/],
    ['with a time that is not whole', { ...GOOD, issuedAt: 1.5 }, 'E_COMMAND_MALFORMED', /issuedAt/],
    ['with an unknown field', { ...GOOD, sudo: true }, 'E_COMMAND_MALFORMED', /sudo/],
    ['whose args are a list', { ...GOOD, args: [] }, 'E_COMMAND_MALFORMED', /args/],
    ['that expires before it begins', { ...GOOD, expiresAt: NOW - 1 }, 'E_COMMAND_MALFORMED', /not after/],
    ['that lives too long', { ...GOOD, expiresAt: NOW + 25 * HOUR }, 'E_COMMAND_MALFORMED', /24 hours/],
    ['that is expired', { ...GOOD, issuedAt: NOW - MINUTE, expiresAt: NOW }, 'E_COMMAND_EXPIRED', /0 ms ago/],
    ['of the future', { ...GOOD, issuedAt: NOW + 6 * MINUTE, expiresAt: NOW + HOUR }, 'E_COMMAND_FUTURE', /360000/],
    ['that is no object', [], 'E_COMMAND_MALFORMED', /object/],
    ['with a wildcard to reply to', { ...GOOD, replyTo: 'a/+' }, 'E_COMMAND_MALFORMED', /publish/],
  ];
  for (const [name, body, code, why] of refused) {
    it(`refuses a command ${name}`, () => {
      const { command } = read(body);
      assert.ok(!command.ok);
      assert.equal(command.error.code, code);
      assert.match(command.error.message, why);
    });
  }

  it('takes a command that is a little ahead of the clock of the device', () => {
    assert.ok(read({ ...GOOD, issuedAt: NOW + 4 * MINUTE, expiresAt: NOW + HOUR }).command.ok);
  });

  it('refuses what is not JSON, not UTF-8 or too large, without an id to answer to', () => {
    const payloads = [
      Buffer.from('{"id":'),
      Uint8Array.of(0xff, 0xfe),
      Buffer.alloc(0),
      Buffer.alloc(128 * 1024 + 1, 32),
    ];
    for (const payload of payloads) {
      const { id, command } = readBytes(payload);
      assert.equal(id, undefined);
      assert.ok(!command.ok);
      assert.equal(command.error.code, 'E_COMMAND_MALFORMED');
    }
  });

  it('survives nesting and __proto__', () => {
    assert.ok(!readBytes(Buffer.from('['.repeat(100_000))).command.ok);
    const { command } = readBytes(
      Buffer.from(`{"id":"a","verb":"status","issuedAt":${NOW},"expiresAt":${NOW + 1},"__proto__":{"id":"b"}}`),
    );
    assert.ok(!command.ok);
    assert.equal(({} as { id?: string }).id, undefined);
  });

  it('still tells whom to answer when the rest is wrong', () => {
    const { id, target, command } = read({ id: 'a', replyTo: 'ops/inbox', correlationId: 'c', issuedAt: 'yesterday' });
    assert.ok(!command.ok);
    assert.equal(id, 'a');
    assert.deepEqual([target.topic, target.correlationId], ['ops/inbox', 'c']);
  });

  it('answers on the default topic when the wanted one is refused', () => {
    const { target, command } = read({ ...GOOD, replyTo: '$aws/things/t/shadow/update' });
    assert.ok(!command.ok);
    assert.equal(target.topic, 'cmd/edge-agent/t/status/reply');
  });

  it('refuses correlation data that is too large to keep', () => {
    const { command, target } = read(GOOD, { correlationData: new Uint8Array(257) });
    assert.ok(!command.ok);
    assert.equal(target.correlationData, undefined);
  });
});

describe('a reply topic', () => {
  const refused = [
    ['', 'empty'],
    ['a/#', 'a wildcard'],
    ['a\u0000b', 'a control character'],
    ['x'.repeat(257), 'too long'],
    ['$aws/things/other/shadow/update', 'reserved'],
    ['local:ops/inbox', 'on a bus of its own choice'],
    ['iotcore:ops/inbox', 'on a bus of its own choice'],
    ['mqtt:', 'on a bus of its own choice'],
    ['cmd/edge-agent/t/sleep', 'a command of this device'],
    ['cmd/edge-agent/other/sleep', 'a command of another device'],
    ['dt/line-1/vibration', 'an input'],
    ['actuators', 'an actuator'],
    ['actuators/valve/1', 'an actuator'],
  ] as const;
  for (const [topic, why] of refused) {
    it(`is refused when it is ${why}: ${JSON.stringify(topic.slice(0, 40))}`, () => {
      assert.notEqual(replyTopicProblem(topic, ['dt/+/vibration', 'actuators/#']), undefined);
    });
  }

  it('may be anything else', () => {
    for (const topic of ['ops/inbox', 'cmd/edge-agent/t/sleep/reply', 'dt/line-1/vibration/x', 'actuator']) {
      assert.equal(replyTopicProblem(topic, ['dt/+/vibration', 'actuators/#']), undefined, topic);
    }
  });
});

function read(body: object, mqtt: { correlationData?: Uint8Array } = {}): ReadCommand {
  return readBytes(Buffer.from(JSON.stringify(body)), mqtt);
}

function readBytes(payload: Uint8Array, mqtt: { correlationData?: Uint8Array } = {}): ReadCommand {
  const message = { topic: 'cmd/edge-agent/t/status', payload, retained: false, ...mqtt };
  return readCommand(message, { thing: 't', nowMs: NOW, forbiddenReplies: ['dt/+/vibration'] });
}
