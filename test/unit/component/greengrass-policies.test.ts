import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readRecipe } from '../../../src/component/recipe.ts';
import { policies } from '../../../src/component/recipe-view.ts';

type Statement = {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: unknown;
};
type Policy = { readonly Version: string; readonly Statement: readonly Statement[] };

const ROOT = resolve(import.meta.dirname, '../../..');
const guide = readFileSync(resolve(ROOT, 'docs/guide/greengrass-policies.md'), 'utf8');
const agent = readRecipe('agent', readFileSync(resolve(ROOT, 'recipes/com.openclaw.edge.Agent.yaml'), 'utf8'));

/** AWS IoT's quota of a policy of its own, without white space. */
const MAX_IOT_POLICY = 2_048;
/** AWS's service authorization reference names no type of resource for these, or AWS's own policy for core devices none. */
const WITHOUT_RESOURCE = [
  'greengrass:ResolveComponentCandidates',
  'greengrass:GetComponentVersionArtifact',
  'greengrass:GetDeploymentConfiguration',
  'greengrass:ListThingGroupsForCoreDevice',
  'greengrass:CreateDeployment',
  'greengrass:ListDeployments',
  'greengrass:ListCoreDevices',
];
const KNOWN = [
  ...WITHOUT_RESOURCE,
  ...['Connect', 'Publish', 'Subscribe', 'Receive', 'AssumeRoleWithCertificate'].map((name) => `iot:${name}`),
  ...['GetThingShadow', 'UpdateThingShadow', 'DeleteThingShadow'].map((name) => `iot:${name}`),
  ...['CreateJob', 'DescribeJob', 'UpdateJob', 'CancelJob'].map((name) => `iot:${name}`),
  ...['DescribeThing', 'DescribeThingGroup'].map((name) => `iot:${name}`),
  ...['GetObject', 'PutObject', 'GetBucketLocation', 'ListBucket'].map((name) => `s3:${name}`),
  ...['GetDeployment', 'CancelDeployment', 'GetCoreDevice', 'ListInstalledComponents'].map(
    (name) => `greengrass:${name}`,
  ),
  ...['ListEffectiveDeployments', 'GetComponent', 'DescribeComponent'].map((name) => `greengrass:${name}`),
  ...['CreateComponentVersion', 'ListComponentVersions'].map((name) => `greengrass:${name}`),
  'sts:AssumeRole',
];

/** Each block with the numbered list that follows it. */
const blocks = [...guide.matchAll(/```json\n([\s\S]*?)```([\s\S]*?)(?=```json|\n## |\n### |$)/g)].map(
  ([, json = '', after = '']) => ({ json, policy: JSON.parse(json) as Policy, lines: after.match(/^\d+\. /gm) ?? [] }),
);
const [nucleus, product] = blocks;

const actionsOf = ({ Action }: Statement) => [Action].flat() as string[];
const resourcesOf = ({ Resource = [] }: Statement) => [Resource].flat() as string[];

describe('the policies of the guide', () => {
  it('are all read', () => {
    assert.equal(blocks.length, 6);
    assert.equal(guide.match(/```/g)?.length, 2 * blocks.length);
  });

  for (const [index, { policy, lines }] of blocks.entries()) {
    it(`say of each statement what it is for: block ${index + 1}`, () => {
      assert.equal(policy.Version, '2012-10-17');
      assert.deepEqual(
        lines,
        policy.Statement.map((_, at) => `${at + 1}. `),
      );
    });

    it(`allow actions that there are, by their whole names: block ${index + 1}`, () => {
      const actions = policy.Statement.flatMap(actionsOf);
      assert.deepEqual(
        actions.filter((action) => !KNOWN.includes(action)),
        [],
      );
      for (const { Effect } of policy.Statement) assert.equal(Effect, 'Allow');
    });

    it(`name their resources wherever AWS lets them: block ${index + 1}`, () => {
      for (const statement of policy.Statement) {
        if (statement.Principal !== undefined) continue;
        const resources = resourcesOf(statement);
        assert.ok(resources.length > 0);
        const open = resources.includes('*');
        const needed = actionsOf(statement).every((action) => WITHOUT_RESOURCE.includes(action));
        assert.equal(open, needed, String(statement.Action));
        for (const resource of resources.filter((name) => name !== '*')) {
          assert.match(resource, /^arn:aws:(iot|greengrass|s3):(REGION:ACCOUNT)?:?[^*]{3,}/);
        }
      }
    });
  }

  it('fit into what AWS IoT takes', () => {
    for (const block of [nucleus, product]) {
      const names = { REGION: 'ap-northeast-1', ACCOUNT: '123456789012', THING_NAME: 'x'.repeat(30) };
      const filled = Object.entries(names).reduce(
        (text, [word, name]) => text.replaceAll(word, name),
        block?.json ?? '',
      );
      const characters = filled.replace(/\s/g, '').length;
      assert.ok(characters <= MAX_IOT_POLICY, `${characters} characters`);
    }
  });

  it('let the device do with IoT Core what the recipe lets the agent do, and hold it to its own name', () => {
    const allowed = (action: string, resource: string) => {
      const matching = product?.policy.Statement.filter((statement) => actionsOf(statement).includes(action)) ?? [];
      return matching.flatMap(resourcesOf).some((pattern) => {
        const escaped = pattern.replace(/[$.+?^()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*');
        return new RegExp(`^${escaped}$`).test(`arn:aws:iot:REGION:ACCOUNT:${resource}`);
      });
    };
    const ofIotCore = policies(agent).filter(({ service }) => service === 'aws.greengrass.ipc.mqttproxy');
    assert.ok(ofIotCore.length > 0);
    for (const { operations, resources } of ofIotCore) {
      for (const written of resources as string[]) {
        const topic = written.replace('/+', '/THING_NAME');
        if ((operations as string[]).includes('aws.greengrass#PublishToIoTCore')) {
          assert.ok(allowed('iot:Publish', `topic/${topic.replace('+', 'status')}`), `publish ${topic}`);
          assert.ok(!allowed('iot:Publish', `topic/${topic.replace('THING_NAME', 'OTHER')}`), `publish ${topic}`);
        } else {
          assert.ok(allowed('iot:Subscribe', `topicfilter/${topic}`), `subscribe ${topic}`);
          assert.ok(allowed('iot:Receive', `topic/${topic.replace('+', 'x')}`), `receive ${topic}`);
          assert.ok(!allowed('iot:Subscribe', `topicfilter/${topic.replace('THING_NAME', '+')}`), `subscribe ${topic}`);
        }
      }
    }
  });
});
