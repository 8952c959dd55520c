import assert from 'node:assert/strict';
import { allowsAsClassic } from '../../../src/sim/nucleus/ipc/access-classic.ts';
import { allowsAsLite } from '../../../src/sim/nucleus/ipc/access-lite.ts';

const OPERATION = 'aws.greengrass#PublishToTopic';

/** What each nucleus says about one resource of a policy: without MQTT's wildcards, and with them. */
type Row = readonly [
  pattern: string,
  asked: string,
  classic: boolean,
  lite: boolean,
  classicMqtt: boolean,
  liteMqtt: boolean,
];

/** A character that stands for itself. */
const escaped = (char: string) => `\${${char}}`;

const ROWS: readonly Row[] = [
  ['*', 'a/b', true, true, true, true],
  ['a/b', 'a/b', true, true, true, true],
  ['a/b', 'a/bc', false, false, false, false],
  ['a/*', 'a/b/c', true, true, true, true],
  ['a/*', 'a/', true, true, true, true],
  ['a/*', 'a', false, false, false, false],
  ['*/c', 'a/b/c', true, true, true, true],
  ['a*b*c', 'aXbYc', true, true, true, true],
  ['a*b*c', 'aXc', false, false, false, false],
  [`a/${escaped('*')}`, 'a/*', true, true, true, true],
  [`a/${escaped('*')}`, 'a/b', false, false, false, false],
  [`a/${escaped('?')}`, 'a/?', true, false, true, false],
  ['a?', 'a?', false, false, false, false],
  ['a/+/c', 'a/b/c', false, false, true, true],
  ['a/+/c', 'a/+/c', true, true, true, true],
  ['a/+/c', 'a/b/x/c', false, false, false, false],
  ['+/c', 'a/c', false, false, true, true],
  ['a/#', 'a/b/c', false, false, true, true],
  ['a/#', 'a', false, false, true, false],
  ['a/#', 'a/#', true, true, true, true],
  ['#', 'a/b', false, false, true, true],
  ['a+', 'ab', false, false, false, true],
  ['a/#/c', 'a/b/x', false, false, false, true],
  ['a.c', 'abc', false, false, false, false],
];

describe('accessControl of the simulated nuclei', () => {
  for (const [pattern, asked, classic, lite, classicMqtt, liteMqtt] of ROWS) {
    it(`matches ${asked} against ${pattern} as each nucleus does`, () => {
      const policies = [{ operations: [OPERATION], resources: [pattern] }];
      const question = (mqttStyle: boolean) => ({ operation: OPERATION, resource: asked, mqttStyle });
      assert.deepEqual(
        [
          allowsAsClassic(policies, question(false)),
          allowsAsLite(policies, question(false)),
          allowsAsClassic(policies, question(true)),
          allowsAsLite(policies, question(true)),
        ],
        [classic, lite, classicMqtt, liteMqtt],
      );
    });
  }

  for (const allows of [allowsAsClassic, allowsAsLite]) {
    it(`takes an operation by its name or by a star, and no other (${allows.name})`, () => {
      const ask = (operations: readonly string[]) =>
        allows([{ operations, resources: ['*'] }], { operation: OPERATION, resource: 'a', mqttStyle: false });
      assert.equal(ask([OPERATION]), true);
      assert.equal(ask(['*']), true);
      assert.equal(ask(['aws.greengrass#SubscribeToTopic']), false);
      assert.equal(ask(['aws.greengrass#*']), false);
    });

    it(`lets one policy allow what another does not (${allows.name})`, () => {
      const policies = [
        { operations: [OPERATION], resources: ['x'] },
        { operations: ['*'], resources: ['y'] },
      ];
      assert.equal(allows(policies, { operation: OPERATION, resource: 'y', mqttStyle: false }), true);
      assert.equal(allows(policies, { operation: OPERATION, resource: 'z', mqttStyle: false }), false);
      assert.equal(allows([], { operation: OPERATION, resource: 'z', mqttStyle: false }), false);
    });
  }
});
