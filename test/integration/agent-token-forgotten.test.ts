import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { IotCoreBroker } from '../../src/sim/nucleus/iot-core-broker.ts';
import type { JsonValue } from '../../src/sim/nucleus/services.ts';
import { meanModel, writeModelPackage } from '../fixtures/agent/model-package.ts';
import { Observer } from '../fixtures/agent/observer.ts';
import { Sensors } from '../fixtures/agent/sensors.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { TestNucleus } from '../fixtures/nucleus.ts';

const AGENT = 'com.openclaw.edge.Agent';
const CLI = resolve(import.meta.dirname, '../../bin/openclaw-edge.js');
const THING = 'press-7';
/** So long it is refused before it believes it, and a start takes some seconds more. */
const RECOVERY_MS = 60_000;
const ALL = { all: { operations: ['*'], resources: ['*'] } };

describe('a component whose token lite has forgotten, as with each new start of ggipcd', function () {
  this.timeout(150_000);

  it('ends with a failure, is started with a new token, and brings the alarms raised meanwhile', async () => {
    const field = new IotCoreBroker();
    const cloud = new IotCoreBroker();
    const fieldUrl = await field.start();
    const brokerUrl = await cloud.start();
    const observer = await Observer.connect(brokerUrl, THING);
    const sensors = await Sensors.connect(fieldUrl);
    const device = await TestNucleus.start('lite', { brokerUrl });
    const model = join(device.folder, 'model');
    await writeModelPackage(model, meanModel(1), 1);
    try {
      await device.publish(AGENT, '1.0.0', {
        lifecycle: { run: `'${process.execPath}' '${CLI}' agent run` },
        defaults: configuration(fieldUrl, model) as Record<string, JsonValue>,
      });
      assert.equal((await device.deploy({ [AGENT]: '1.0.0' })).status, 'SUCCEEDED');
      const sense = (key: string) => {
        sensors.feed(key, 1);
        device.nucleus.pubsub.publish('com.example.Sensors', `sensors/local-${key}/v`, {
          kind: 'json',
          message: { values: [1] },
        });
      };
      const heardOf = (key: string) => observer.alarmsOf(key).length > 0;
      await waitFor('the first alarm, of the local bus too', () => {
        sense('before');
        return heardOf('before') && heardOf('local-before');
      });

      await device.nucleus.restartIpc();
      const log = () => device.log(AGENT);
      await waitFor('the refusal', async () => (await log()).includes('E_IPC_DENIED'));
      sensors.feed('meanwhile', 1);
      assert.equal(heardOf('meanwhile'), false);
      await waitFor(
        'the end',
        async () => (await log()).includes('"event":"the nucleus does not know our token'),
        RECOVERY_MS,
      );
      await waitFor('the alarm that was raised meanwhile', () => heardOf('meanwhile'), RECOVERY_MS);
      await waitFor('an alarm of the local bus', () => {
        sense('after');
        return heardOf('local-after');
      });
      assert.equal(device.stateOf(AGENT), 'RUNNING');
      assert.deepEqual(
        device.statesOf(AGENT).filter((state) => state === 'BROKEN'),
        [],
      );
    } catch (error) {
      console.error((await device.log(AGENT)).slice(-4_000));
      throw error;
    } finally {
      await device.close();
      await sensors.stop();
      await observer.stop();
      await field.stop();
      await cloud.stop();
    }
  });
});

function configuration(fieldUrl: string, model: string): object {
  return {
    bus: { url: fieldUrl, version: '3.1.1' },
    accessControl: { 'aws.greengrass.ipc.pubsub': ALL, 'aws.greengrass.ipc.mqttproxy': ALL },
    agents: [
      {
        name: 'press',
        inputs: [
          { topic: 'local:sensors/+/v', key: { topicLevel: 1 } },
          { topic: 'mqtt:sensors/+/v', key: { topicLevel: 1 } },
        ],
        model: { path: model },
        decisions: { alarms: [{ name: 'high', raise: 0.5, k: 1, n: 1, cooldown: 0 }] },
        outputs: { alarmTopic: 'iotcore:dt/edge-agent/{thing}/alarm', results: 'direct' },
      },
    ],
  };
}
