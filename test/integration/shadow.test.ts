import assert from 'node:assert/strict';
import mqtt from 'mqtt';
import { EmbeddedBroker } from '../../src/adapters/aedes/embedded-broker.ts';
import { MqttBus } from '../../src/adapters/mqtt/mqtt-bus.ts';
import { ShadowTopics } from '../../src/adapters/shadow/shadow-topics.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { ShadowReporter } from '../../src/agent/shadow-reporter.ts';
import { until } from '../contract/bus-contract.ts';
import { FakeControls } from '../fakes/controls.ts';
import { FakeLog } from '../fakes/log.ts';
import { startShadowService } from '../fixtures/agent/shadow-service.ts';
import { MOSQUITTO, Mosquitto } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

const THING = 'edge-1';
const PREFIX = `$aws/things/${THING}/shadow/name/edge-agent`;

for (const kind of ['the embedded broker', 'mosquitto'] as const) {
  describe(`the shadow through ${kind}`, function () {
    this.timeout(30_000);
    const ends: (() => Promise<unknown>)[] = [];
    let url: string;

    before(function () {
      if (kind === 'mosquitto' && MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
    });

    beforeEach(async () => {
      if (kind === 'mosquitto') {
        const broker = await Mosquitto.start();
        ends.push(() => broker.stop());
        url = broker.url;
        return;
      }
      const broker = new EmbeddedBroker({ port: 0, log: new FakeLog() });
      const started = await broker.start();
      assert.ok(started.ok);
      ends.push(() => broker.stop());
      url = started.value.url;
    });

    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end();
    });

    it('takes what is desired and reports it, and tells what it cannot do', async () => {
      const service = await startShadowService(url, THING);
      const { store } = service;
      ends.push(() => service.stop());
      const { controls, bus } = await startDevice();
      await until(() => store.state?.reported['mode'] === 'active');

      service.desire({ mode: 'observe', thresholds: { press: { worn: { raise: 0.95, clear: 0.4 } } } });
      await until(() => controls.mode === 'observe' && Object.keys(store.delta).length === 0);
      assert.partialDeepStrictEqual(controls.agent().thresholds['worn'], { raise: 0.95, clear: 0.4 });

      service.desire({ logLevel: 'shout' });
      await until(() => store.state?.reported['desiredErrors'] !== undefined);
      assert.partialDeepStrictEqual(store.state?.reported['desiredErrors'], [{ path: 'logLevel' }]);
      assert.equal(bus.state, 'online');
    });

    it('does no harm where nobody answers: the connection stays, and reports fail by and by', async () => {
      const { controls, bus, log } = await startDevice();
      const messages: string[] = [];
      const ear = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
      ends.push(() => ear.endAsync(true));
      await ear.subscribeAsync(`${PREFIX}/update`, { qos: 1 });
      ear.on('message', (topic) => messages.push(topic));
      const states: string[] = [];
      bus.onState((state) => states.push(state));
      await until(() => controls.counters.snapshot().shadowFailures === 1);
      await systemClock.sleep(1_200);
      assert.ok(messages.length <= 1, 'nothing is repeated');
      assert.deepEqual(states, []);
      assert.equal(log.events.filter((event) => event === 'shadow report failed').length, 1);
    });

    async function startDevice() {
      const clock = systemClock;
      const log = new FakeLog();
      const controls = new FakeControls(['press'], clock);
      const { counters } = controls;
      const bus = new MqttBus({ url, version: 4, clientId: THING, clock, log, random: Math.random });
      const shadow = new ShadowTopics({ thing: THING, name: 'edge-agent', bus, clock, log, answerMs: 300 });
      const reporter = new ShadowReporter({ shadow, controls, clock, log, counters, heartbeatMs: 60_000 });
      await reporter.start();
      await bus.start();
      ends.push(async () => {
        await reporter.stop();
        await bus.stop(1_000);
      });
      await until(() => bus.state === 'online');
      return { controls, bus, log };
    }
  });
}
