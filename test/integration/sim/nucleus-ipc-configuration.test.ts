import assert from 'node:assert/strict';
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { type Client, connectClient, errorOf } from '../../fixtures/nucleus-client.ts';
import { startTestNucleusIpc, type TestNucleusIpc } from '../../fixtures/nucleus-ipc.ts';

const { ACCEPTED, REJECTED } = greengrasscoreipc.model.ConfigurationValidityStatus;
const MODES: readonly NucleusMode[] = ['classic', 'lite'];
const CONFIGURATION = { bus: { url: 'mqtt://x', keepAlive: 60 }, agents: [1, 2], note: null };

let nucleus: TestNucleusIpc;
let client: Client;

async function start(mode: NucleusMode): Promise<void> {
  nucleus = await startTestNucleusIpc({ mode, configuration: CONFIGURATION });
  client = await connectClient(nucleus);
}

async function end(): Promise<void> {
  await client.close();
  await nucleus.close();
}

for (const mode of MODES) {
  describe(`configuration over the IPC of the simulated ${mode} nucleus, with the real client`, () => {
    beforeEach(() => start(mode));
    afterEach(end);

    it('gives all of it, a part, and a value under its key', async () => {
      const all = await client.getConfiguration({ keyPath: [] });
      assert.deepEqual({ ...all.value, accessControl: 0 }, { ...CONFIGURATION, accessControl: 0 });
      assert.equal(all.componentName, nucleus.component);
      assert.deepEqual((await client.getConfiguration({ keyPath: ['bus'] })).value, CONFIGURATION.bus);
      assert.deepEqual((await client.getConfiguration({ keyPath: ['bus', 'url'] })).value, { url: 'mqtt://x' });
      assert.deepEqual((await client.getConfiguration({ keyPath: ['agents'] })).value, { agents: [1, 2] });
    });

    it(`gives one of more than 255 keys, values and items ${mode === 'lite' ? 'in parts only' : 'as any'}`, async () => {
      const many = Array.from({ length: 126 }, (_, at) => [`k${at}`, at]);
      nucleus.services.configuration.set('other', Object.fromEntries(many));
      const all = client.getConfiguration({ componentName: 'other', keyPath: [] });
      if (mode === 'classic') assert.equal(Object.keys((await all).value ?? {}).length, 126);
      else assert.equal((await errorOf(all)).code, 'ServiceError');
      const part = await client.getConfiguration({ componentName: 'other', keyPath: ['k125'] });
      assert.deepEqual(part.value, { k125: 125 });
      nucleus.services.configuration.set('other', Object.fromEntries(many.slice(1)));
      const fits = await client.getConfiguration({ componentName: 'other', keyPath: [] });
      assert.equal(Object.keys(fits.value ?? {}).length, 125);
    });

    it('gives that of another component to whoever asks', async () => {
      nucleus.services.configuration.set('other', { a: 1 });
      assert.deepEqual((await client.getConfiguration({ componentName: 'other', keyPath: [] })).value, { a: 1 });
    });

    it('says when there is nothing at a path, for reading and for listening', async () => {
      const text = mode === 'classic' ? 'Key not found' : 'Key not found.';
      const missing = { code: 'ResourceNotFoundError', text };
      assert.deepEqual(await errorOf(client.getConfiguration({ keyPath: ['nothing'] })), missing);
      assert.deepEqual(await errorOf(client.getConfiguration({ componentName: 'nobody', keyPath: [] })), missing);
      const listening = client.subscribeToConfigurationUpdate({ keyPath: ['nothing'] }).activate();
      assert.equal((await errorOf(listening)).code, 'ResourceNotFoundError');
    });

    it('tells each change with its path, until the stream is closed', async () => {
      const paths: string[] = [];
      const stream = client.subscribeToConfigurationUpdate({ keyPath: ['bus'] });
      stream.on('message', ({ configurationUpdateEvent: event }) =>
        paths.push(`${event?.componentName} ${event?.keyPath}`),
      );
      await stream.activate();
      nucleus.services.configuration.merge(nucleus.component, ['agents'], [3], 1);
      nucleus.services.configuration.merge(nucleus.component, ['bus', 'url'], 'mqtt://y', 1);
      await waitFor('the change', () => paths.length === 1);
      assert.deepEqual(paths, [`${nucleus.component} bus,url`]);
      await stream.close();
      await client.getConfiguration({ keyPath: [] });
      nucleus.services.configuration.merge(nucleus.component, ['bus', 'url'], 'mqtt://z', 1);
      await client.getConfiguration({ keyPath: [] });
      assert.equal(paths.length, 1);
    });

    it('takes an update, but none of the permissions', async () => {
      const timestamp = new Date(1_700_000_000_001);
      await client.updateConfiguration({ keyPath: ['bus'], timestamp, valueToMerge: { keepAlive: 30 } });
      assert.deepEqual((await client.getConfiguration({ keyPath: ['bus'] })).value, { url: 'mqtt://x', keepAlive: 30 });
      for (const update of [
        { keyPath: ['accessControl', 'x'], timestamp, valueToMerge: { a: 1 } },
        { keyPath: [], timestamp, valueToMerge: { accessControl: {} } },
      ]) {
        assert.equal((await errorOf(client.updateConfiguration(update))).code, 'InvalidArgumentsError');
      }
    });

    it(`${mode === 'lite' ? 'refuses' : 'takes'} an update at a whole second`, async () => {
      const update = client.updateConfiguration({
        keyPath: ['bus'],
        timestamp: new Date(1_700_000_000_000),
        valueToMerge: { keepAlive: 30 },
      });
      if (mode === 'lite') assert.equal((await errorOf(update)).code, 'InvalidArgumentsError');
      else await update;
    });

    it('changes nothing by an update that is older than what it would change', async () => {
      await client.updateConfiguration({
        keyPath: ['bus'],
        timestamp: new Date(2_001),
        valueToMerge: { keepAlive: 1 },
      });
      const late = client.updateConfiguration({
        keyPath: ['bus'],
        timestamp: new Date(1_001),
        valueToMerge: { keepAlive: 2 },
      });
      if (mode === 'classic') assert.equal((await errorOf(late)).code, 'FailedUpdateConditionCheckError');
      else await late;
      assert.deepEqual((await client.getConfiguration({ keyPath: ['bus', 'keepAlive'] })).value, { keepAlive: 1 });
    });
  });
}

describe('configuration that classic wants judged before it is deployed', () => {
  beforeEach(() => start('classic'));
  afterEach(end);

  /** Answers each proposal as `judge` says. */
  async function answer(judge: (configuration: Record<string, unknown>) => string | undefined): Promise<void> {
    const stream = client.subscribeToValidateConfigurationUpdates({});
    stream.on('message', async ({ validateConfigurationUpdateEvent: event }) => {
      const message = judge(event?.configuration as Record<string, unknown>);
      await client.sendConfigurationValidityReport({
        configurationValidityReport: {
          deploymentId: String(event?.deploymentId),
          status: message === undefined ? ACCEPTED : REJECTED,
          ...(message === undefined ? {} : { message }),
        },
      });
    });
    await stream.activate();
  }

  it('is accepted or refused with the reason', async () => {
    await answer(({ speed }) => (speed === 1 ? undefined : 'speed has to be 1'));
    const { configuration } = nucleus.services;
    assert.equal(await configuration.validate(nucleus.component, { speed: 1 }), undefined);
    assert.equal(await configuration.validate(nucleus.component, { speed: 2 }), 'speed has to be 1');
  });

  it('is refused when nobody reports in time', async () => {
    await client.subscribeToValidateConfigurationUpdates({}).activate();
    const objection = await nucleus.services.configuration.validate(nucleus.component, {}, 20);
    assert.match(String(objection), /waiting for validation report/);
  });

  it('is not asked about when nobody listens, and a report about nothing is refused', async () => {
    assert.equal(await nucleus.services.configuration.validate(nucleus.component, {}), undefined);
    const report = client.sendConfigurationValidityReport({
      configurationValidityReport: { deploymentId: 'x', status: ACCEPTED },
    });
    assert.deepEqual(await errorOf(report), {
      code: 'InvalidArgumentsError',
      text: 'Validation request either timed out or was never made',
    });
  });
});
