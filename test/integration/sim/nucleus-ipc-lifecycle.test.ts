import assert from 'node:assert/strict';
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { type Client, connectClient, errorOf } from '../../fixtures/nucleus-client.ts';
import { startTestNucleusIpc, type TestNucleusIpc, type TestNucleusOptions } from '../../fixtures/nucleus-ipc.ts';

const { RUNNING, ERRORED } = greengrasscoreipc.model.ReportedLifecycleState;
const DEPLOYMENT = '00000000-0000-0000-0000-000000000001';

let nucleus: TestNucleusIpc;
let client: Client;

async function start(options: TestNucleusOptions): Promise<void> {
  nucleus = await startTestNucleusIpc(options);
  client = await connectClient(nucleus);
}

async function end(): Promise<void> {
  await client.close();
  await nucleus.close();
}

describe('component updates over the IPC of the simulated classic nucleus', () => {
  beforeEach(() => start({ mode: 'classic' }));
  afterEach(end);

  it('are put off for as long as a component asks, and told when they are done', async () => {
    const events: string[] = [];
    const stream = client.subscribeToComponentUpdates({});
    stream.on('message', async ({ preUpdateEvent, postUpdateEvent }) => {
      if (postUpdateEvent !== undefined) events.push(`post ${postUpdateEvent.deploymentId}`);
      if (preUpdateEvent === undefined) return;
      events.push(`pre ${preUpdateEvent.deploymentId} ${preUpdateEvent.isGgcRestarting}`);
      await client.deferComponentUpdate({
        deploymentId: String(preUpdateEvent.deploymentId),
        recheckAfterMs: events.length === 1 ? 5_000 : 0,
      });
    });
    await stream.activate();
    assert.equal(await nucleus.services.askBeforeUpdate(nucleus.component, DEPLOYMENT), 5_000);
    assert.equal(await nucleus.services.askBeforeUpdate(nucleus.component, DEPLOYMENT), 0);
    nucleus.services.tellAfterUpdate(DEPLOYMENT);
    await waitFor('the end', () => events.length === 3);
    assert.deepEqual(events, [`pre ${DEPLOYMENT} false`, `pre ${DEPLOYMENT} false`, `post ${DEPLOYMENT}`]);
  });

  it('do not wait for a component that has not subscribed, or does not answer', async () => {
    assert.equal(await nucleus.services.askBeforeUpdate(nucleus.component, DEPLOYMENT), undefined);
    await client.subscribeToComponentUpdates({}).activate();
    assert.equal(await nucleus.services.askBeforeUpdate(nucleus.component, DEPLOYMENT, 20), undefined);
  });

  it('cannot be put off by who has not subscribed, nor too late', async () => {
    const defer = () => client.deferComponentUpdate({ deploymentId: DEPLOYMENT, recheckAfterMs: 1 });
    assert.equal((await errorOf(defer())).code, 'InvalidArgumentsError');
    await client.subscribeToComponentUpdates({}).activate();
    assert.equal((await errorOf(defer())).text, 'Time limit to respond to PreComponentUpdateEvent exceeded');
  });
});

const MODES: readonly NucleusMode[] = ['classic', 'lite'];

for (const mode of MODES) {
  describe(`the life of components over the IPC of the simulated ${mode} nucleus`, () => {
    beforeEach(() => start({ mode }));
    afterEach(end);

    it('is told by themselves', async () => {
      await client.updateState({ state: RUNNING });
      await client.updateState({ state: ERRORED });
      assert.deepEqual(
        nucleus.services.reported.map(({ component, state }) => `${component} ${state}`),
        [`${nucleus.component} RUNNING`, `${nucleus.component} ERRORED`],
      );
    });

    it('can be started anew by who may', async () => {
      nucleus.addComponent('com.example.Other');
      const { restartStatus } = await client.restartComponent({ componentName: 'com.example.Other' });
      assert.equal(restartStatus, 'SUCCEEDED');
      assert.deepEqual(nucleus.services.restarted, ['com.example.Other']);
      nucleus.services.allow(nucleus.component, {});
      const refused = await errorOf(client.restartComponent({ componentName: 'com.example.Other' }));
      // The client's model has no UnauthorizedError for it: it comes without a type.
      assert.match(refused.text, /aws\.greengrass#UnauthorizedError/);
    });

    it('changes by a local deployment', async () => {
      const { deploymentId } = await client.createLocalDeployment({
        rootComponentVersionsToAdd: new Map([['a', '1.0.0']]),
      });
      assert.deepEqual(nucleus.services.deployments.get(String(deploymentId)), {
        rootComponentVersionsToAdd: { a: '1.0.0' },
      });
    });

    it('knows who may ask whose a token is', async () => {
      const ask = (who: Client) => who.validateAuthorizationToken({ token: nucleus.svcuid });
      assert.equal((await errorOf(ask(client))).code, 'UnauthorizedError');
      const svcuid = nucleus.addComponent('aws.greengrass.StreamManager');
      const streamManager = await connectClient({ ...nucleus, svcuid });
      assert.equal((await ask(streamManager)).isValid, true);
      assert.equal((await errorOf(streamManager.validateAuthorizationToken({ token: 'x' }))).code, 'InvalidTokenError');
      await streamManager.close();
    });
  });
}

describe('what the CLI component of classic serves', () => {
  afterEach(end);

  it('is a list of components with their states, and one by its name', async () => {
    await start({ mode: 'classic', configuration: { a: 1 } });
    const { components } = await client.listComponents({});
    assert.deepEqual(
      components?.map(({ componentName }) => componentName),
      nucleus.services.components().map(({ name }) => name),
    );
    const { componentDetails } = await client.getComponentDetails({ componentName: nucleus.component });
    assert.equal(componentDetails?.state, 'RUNNING');
    const missing = await errorOf(client.getComponentDetails({ componentName: 'nobody' }));
    assert.equal(missing.code, 'ResourceNotFoundError');
  });

  it('is how a deployment goes', async () => {
    await start({ mode: 'classic' });
    nucleus.services.deploymentStatuses.set(DEPLOYMENT, 'IN_PROGRESS');
    const { deployment } = await client.getLocalDeploymentStatus({ deploymentId: DEPLOYMENT });
    assert.equal(deployment?.status, 'IN_PROGRESS');
    const other = client.getLocalDeploymentStatus({ deploymentId: DEPLOYMENT.replace('1', '2') });
    assert.deepEqual(await errorOf(other), { code: 'ResourceNotFoundError', text: 'Cannot find deployment' });
  });

  it('is nothing while it is not deployed', async () => {
    await start({ mode: 'classic', plugins: [] });
    assert.deepEqual(await errorOf(client.listComponents({})), {
      code: 'ServiceError',
      text: 'Operation aws.greengrass#ListComponents is not supported by Greengrass',
    });
  });
});
