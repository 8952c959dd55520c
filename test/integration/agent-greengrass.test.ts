import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { IotCoreBroker } from '../../src/sim/nucleus/iot-core-broker.ts';
import type { JsonValue, NucleusMode } from '../../src/sim/nucleus/services.ts';
import { ComponentSite, type Configuration, THING } from '../fixtures/agent/component-site.ts';
import { Sensors } from '../fixtures/agent/sensors.ts';
import type { Diagnosis } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { OUTPUTS } from '../fixtures/core-device/configuration.ts';
import * as graphs from '../fixtures/rollout-fault/graphs.ts';
import { publish } from '../fixtures/rollout-fault/releases.ts';

const run = promisify(execFile);
const MODES: readonly NucleusMode[] = ['classic', 'lite'];
/** Of a deployment's question to the component. */
const TIMEOUT_MS = 10_000;
const RULE = { name: 'high', raise: 0.5, k: 1, n: 1, cooldown: 0 };
const PRESS = {
  name: 'press',
  inputs: [{ topic: 'local:sensors/+/v', key: { topicLevel: 1 } }],
  model: { path: './model' },
  decisions: { alarms: [RULE] },
  outputs: OUTPUTS,
};

/** As the recipe has it: accessControl stands beside what is ours. */
function configured(agent: object = {}, device: object = {}): Configuration {
  const plain = { accessControl: {}, ...device, agents: [{ ...PRESS, ...agent }] };
  return JSON.parse(JSON.stringify(plain)) as Configuration;
}

const raised = (raise: JsonValue) => configured({ decisions: { alarms: [{ ...RULE, raise }] } });

describe('the agent as a Greengrass component', function () {
  this.timeout(60_000);
  let site: ComponentSite;
  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.error(site?.log.slice(-6000));
    return site?.stop();
  });

  const diagnose = () => site.observer.command<Diagnosis>('diagnose');
  const thresholds = async () =>
    (await diagnose()).agents.map((agent) => (agent as unknown as { thresholds: object }).thresholds);
  const raise = async () => ((await thresholds())[0] as { high: { raise: number } }).high.raise;

  for (const mode of MODES) {
    it(`hears local sensors, raises its alarms on IoT Core, and tells its shadow (${mode})`, async () => {
      site = await ComponentSite.make(mode, configured());
      const results: string[] = [];
      site.nucleus.pubsub.subscribe({
        filter: `dt/edge-agent/${THING}/inference`,
        component: 'com.example.Neighbour',
        deliver: (topic) => results.push(topic),
      });
      await site.start();
      await waitFor('an alarm', async () => {
        site.sense('a', 1);
        return site.observer.alarmsOf('a').length > 0;
      });
      assert.equal(site.observer.alarmsOf('a')[0]?.kind, 'raised');
      const heard = site.nucleus.pubsub.forget();
      assert.ok(heard.includes(`edge-agent/${THING}/pulse`), 'it hears itself, to notice when it hears nothing more');
      assert.ok(results.length > 0, 'results are for components here');
      assert.deepEqual(site.observer.results, [], 'and not for the cloud');
      const { agents } = await diagnose();
      assert.equal(agents[0]?.state, 'running');
      await waitFor('the shadow', async () => (await site.shadow())?.['config']?.['accepted'] === true);
      assert.equal((await site.shadow())?.['agents']?.['press'] === undefined, false);

      for (const line of site.agent.stdout.split('\n').filter((text) => text !== '')) {
        assert.equal(typeof JSON.parse(line).event, 'string', `one line an event: ${line}`);
      }
      const ended = await site.agent.end('SIGTERM');
      assert.deepEqual([ended.code, ended.signal], [0, null]);
    });
  }

  it('takes up at once what can change while it runs', async () => {
    site = await ComponentSite.make('lite', configured());
    await site.start();
    assert.equal(await raise(), 0.5);
    site.configure(raised('0.75'));
    await waitFor('the new threshold', async () => (await raise()) === 0.75);
    assert.ok(site.agent.running);
  });

  it('refuses a bad configuration with all reasons, and nothing changes', async () => {
    site = await ComponentSite.make('classic', configured());
    await site.start();
    const bad = configured({ decisions: { alarms: [{ ...RULE, raise: 'high' }] }, qeue: { max: 8 } });
    const { component, services } = site.nucleus;
    const objection = await services.configuration.validate(component, bad);
    assert.match(objection ?? '', /agents\[0\]\.decisions\.alarms\[0\]\.raise must be a number/);
    assert.match(objection ?? '', /agents\[0\]\.qeue is not a known key \(Did you mean queue\?\)/);
    const nowhere = configured({ inputs: [{ topic: 'mqtt:sensors/+/v' }] });
    assert.match((await services.configuration.validate(component, nowhere)) ?? '', /names the bus mqtt/);
    const unfit = configured({ decisions: { alarms: [{ ...RULE, labels: ['no-such'] }] } });
    assert.match((await services.configuration.validate(component, unfit)) ?? '', /names the label no-such/);
    assert.equal(await services.configuration.validate(component, raised(0.75)), undefined);

    // Lite asks nobody: it is there all of a sudden.
    site.configure(bad);
    await waitFor('the refusal in the shadow', async () => (await site.shadow())?.['config']?.['accepted'] === false);
    const problems = (await site.shadow())?.['config']?.['problems'] as string[];
    assert.ok(
      problems.some((problem) => problem.includes('qeue is not a known key')),
      problems.join(),
    );
    assert.match(site.agent.stdout, /"event":"configuration refused: the last accepted one stays"/);
    assert.equal(await raise(), 0.5);

    site.configure(unfit);
    await waitFor('the next refusal', () => site.agent.stdout.includes('names the label no-such'));
    assert.equal(await raise(), 0.5);

    site.configure(raised(0.75));
    await waitFor('a good one', async () => (await raise()) === 0.75);
    await waitFor('that the shadow knows', async () => (await site.shadow())?.['config']?.['accepted'] === true);
  });

  it('starts again, by exit code 75, for what cannot change while it runs', async () => {
    site = await ComponentSite.make('lite', configured());
    await site.start();
    const wanted = configured({ queue: { max: 8 } });
    site.configure(wanted);
    assert.equal((await site.agent.ended()).code, 75);
    await site.start();
    await waitFor('an alarm', async () => {
      site.sense('a', 1);
      return site.observer.alarmsOf('a').length > 0;
    });
    site.configure(configured({ queue: { max: 8 }, decisions: { alarms: [{ ...RULE, raise: 0.75 }] } }));
    await waitFor('it runs with it: only the threshold differs', async () => (await raise()) === 0.75);
  });

  it('runs with the last accepted configuration when it finds a bad one at its start', async () => {
    site = await ComponentSite.make('lite', raised(0.75));
    await site.start();
    await site.agent.end('SIGTERM');
    site.configure(configured({ inputs: 'nothing' }));
    await site.start();
    assert.equal(await raise(), 0.75);
    assert.match(site.agent.stdout, /agents\[0\]\.inputs must be a list/);
    await waitFor('the shadow', async () => (await site.shadow())?.['config']?.['accepted'] === false);
  });

  it('runs with the last one also when a good one does not start, and when the nucleus is away', async () => {
    site = await ComponentSite.make('lite', raised(0.75));
    await site.start();
    await site.agent.kill();
    site.configure(configured({}, { bus: { url: 'mqtts://127.0.0.1:1', tls: { ca: 'not-there.pem' } } }));
    await site.start();
    assert.equal(await raise(), 0.75);
    assert.match(site.agent.stdout, /not-there\.pem/);
  });

  it('runs with the last one also when with the new one no agent works, and keeps that one', async () => {
    site = await ComponentSite.make('lite', raised(0.75));
    await site.start();
    // It needs a start, and nothing but that start can tell that there is no such model.
    site.configure(configured({ model: { path: './not-there' } }));
    assert.equal((await site.agent.ended()).code, 75);
    for (const way of ['at the first start', 'and at every other']) {
      await site.start();
      assert.equal(await raise(), 0.75, way);
      assert.match(site.agent.stdout, /E_MODEL_MISSING/);
      await waitFor('the shadow', async () => (await site.shadow())?.['config']?.['accepted'] === false);
      await site.agent.end('SIGTERM');
    }
    site.configure(raised(0.6));
    await site.start();
    await waitFor('a good one', async () => (await raise()) === 0.6);
  });

  it('refuses what its model does not fit although only a start would take it up', async () => {
    site = await ComponentSite.make('lite', raised(0.75));
    await site.start();
    site.configure(configured({ inputs: [{ topic: 'local:sensors/+/v', values: ['/x', '/y', '/z'] }] }));
    await waitFor('the refusal', () => site.agent.stdout.includes('has 3 pointers'));
    assert.equal(await raise(), 0.75);
    assert.ok(site.agent.running);
  });

  it('ends at once when it is told to while its nucleus is silent, and starts nothing before', async () => {
    site = await ComponentSite.make('lite', raised(0.75));
    await site.start();
    await site.agent.end('SIGTERM');
    await site.ipc.cut();
    let asked = false;
    const silent = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          asked = true;
        });
    });
    await new Promise<void>((resolve) => silent.listen(site.ipc.path, resolve));
    try {
      await site.agent.start();
      await waitFor('its question', () => asked);
      const ended = await site.agent.end('SIGTERM');
      assert.deepEqual([ended.code, ended.signal], [0, null]);
      assert.ok(ended.tookMs < 2_000, `${ended.tookMs} ms`);
      assert.doesNotMatch(site.agent.stdout, /device started|configuration refused/);
    } finally {
      await site.agent.kill();
      await new Promise((resolve) => silent.close(resolve));
    }
  });

  it('ends with all reasons, and says ERRORED, when no configuration was ever good', async () => {
    site = await ComponentSite.make('classic', configured({ inputs: 'nothing', qeue: {} }));
    await site.agent.start();
    assert.equal((await site.agent.ended()).code, 1);
    assert.equal(site.nucleus.services.reported.at(-1)?.state, 'ERRORED');
    assert.match(site.agent.stderr, /agents\[0\]\.inputs must be a list/);
    assert.match(site.agent.stderr, /agents\[0\]\.qeue is not a known key/);
    const lines = site.log.split('\n').filter((line) => line !== '');
    assert.deepEqual(
      lines.filter((line) => /^\s+at /.test(line)),
      [],
      'no stack traces',
    );
  });

  for (const mode of MODES) {
    it(`loses no alarm when IPC is cut under load, and hears everything again after it (${mode})`, async () => {
      const field = new IotCoreBroker();
      const url = await field.start();
      const both = { inputs: [...PRESS.inputs, { topic: 'mqtt:sensors/+/v', key: { topicLevel: 1 } }] };
      const device = { bus: { url, version: '3.1.1' }, shadow: { heartbeat: '10s' } };
      site = await ComponentSite.make(mode, configured(both, device));
      const sensors = await Sensors.connect(url);
      try {
        await site.start();
        let turn = 0;
        // The field's sensors go on while the nucleus is away: their alarms wait in the outbox.
        const load = setInterval(() => {
          const value = Number(turn++ % 2 === 0);
          site.sense('local', value);
          sensors.feed('field', value);
        }, 5);
        try {
          await waitFor('alarms', () => site.observer.alarms.size > 20);
          for (let cut = 0; cut < 2; cut++) {
            await site.ipc.cut();
            const before = site.observer.alarms.size;
            await new Promise((resolve) => setTimeout(resolve, 1_000));
            await site.ipc.mend();
            await waitFor('alarms again', () => site.observer.alarms.size > before + 100, 30_000);
            const heard = site.observer.alarmsOf('local').length;
            await waitFor('the local bus again', () => site.observer.alarmsOf('local').length > heard + 10, 20_000);
          }
        } finally {
          clearInterval(load);
        }
        const counts = async () => (await diagnose()).agents[0]?.metrics.counts ?? {};
        let missing = Number.NaN;
        const complete = async () => {
          const { alarmsRaised = 0, alarmsCleared = 0 } = await counts();
          missing = alarmsRaised + alarmsCleared - site.observer.alarms.size;
          return missing === 0;
        };
        await waitFor('every alarm there', complete).catch(() => assert.fail(`${missing} alarms are missing`));
        const fieldAlarms = site.observer.alarmsOf('field');
        assert.ok(fieldAlarms.length > 300, `${fieldAlarms.length} alarms of the field, also while IPC was cut`);
      } finally {
        await sensors.stop();
        await field.stop();
      }
    });
  }

  describe('that waits for its first model', () => {
    const LINE = {
      name: 'line',
      inputs: [{ topic: 'local:sensors/+/v', key: { topicLevel: 1 } }],
      model: { package: 'line' },
      decisions: { alarms: [{ ...RULE, labels: ['a'] }] },
      outputs: PRESS.outputs,
    };
    const WATCHED = {
      canary: { windows: 30, maxDisagreement: 0.2, deadlineMs: 60_000, maxExtensions: 0 },
      watch: { windows: 1e6, durationMs: 3_000, maxErrorRate: 1, maxDrift: 1, maxAlarmRateJump: 1e6 },
    };
    let load: NodeJS.Timeout | undefined;

    beforeEach(async () => {
      const trust = (home: string) => ({ OPENCLAW_TRUST: join(home, 'trust.json') });
      site = await ComponentSite.make('classic', configured(LINE), trust);
      await publish(site.home, [
        { version: '1.0.0', graph: graphs.right(1), golden: [1, 0, 0] },
        { version: '1.1.0', graph: graphs.right(0.9), golden: [0.9, 0, 0], gates: WATCHED },
      ]);
      let turn = 0;
      load = setInterval(() => site.sense('a', Number(turn++ % 2 === 0), 0, 0, 0), 10);
    });
    afterEach(() => clearInterval(load));

    /** As the script of a model component does. */
    function activate(version: string) {
      const flags = ['--wait', '--patience', '30s', '--output', 'json'];
      const pkg = join(site.home, 'packages', version);
      return run(join(site.home, 'bin', 'openclaw-edge'), ['model', 'activate', ...flags, pkg], { env: {} });
    }

    const slots = () =>
      site.observer.command<{ agents: { state: string; active?: string; model: object }[] }>('model.list');
    const slot = async () => (await slots()).agents[0];

    it('gets it by the launcher, and tells the verdict of every later one', async () => {
      await site.start();
      const { agents } = await diagnose();
      assert.equal(agents[0]?.state, 'waiting');
      assert.deepEqual((await slot())?.model, { configured: 'line' });
      await waitFor('the shadow', async () =>
        JSON.stringify(await site.shadow()).includes('waits for its first model'),
      );
      assert.equal((await stat(join(site.home, 'bin', 'openclaw-edge'))).mode & 0o777, 0o700);

      const first = JSON.parse((await activate('1.0.0')).stdout);
      assert.partialDeepStrictEqual(first, { ok: true, agent: 'line', outcome: 'committed', active: '1.0.0' });
      await waitFor('alarms', () => site.observer.alarmsOf('a').length > 3);
      assert.equal((await diagnose()).agents[0]?.state, 'running');

      const again = performance.now();
      assert.equal(JSON.parse((await activate('1.0.0')).stdout).outcome, 'committed');
      assert.ok(performance.now() - again < 5_000, 'the same one again is committed at once');
    });

    it('has a deployment wait while a model is between its swap and its commit', async () => {
      const ask = () => site.nucleus.services.askBeforeUpdate(site.nucleus.component, 'deployment', TIMEOUT_MS);
      await site.start();
      await activate('1.0.0');
      assert.equal(await ask(), 0);
      const outcome = activate('1.1.0');
      // It is awaited at the end; until then a failure of the test itself is told first.
      outcome.catch(() => {});
      await waitFor('the probation', async () => (await slot())?.state === 'watching');
      assert.ok(((await ask()) ?? 0) > 0, 'it is asked to wait');
      assert.match(site.agent.stdout, /agent line is watching line 1\.1\.0/);

      site.configure(configured({ ...LINE, queue: { max: 9 } }));
      await waitFor('that the start waits', () =>
        site.agent.stdout.includes('the start with the new configuration waits'),
      );
      assert.equal((await site.agent.ended()).code, 75, 'it starts anew once the model is committed');
      // Who waits for the verdict has it from the end of the agent or, where that came first, from its next start.
      await site.start();
      assert.equal(JSON.parse((await outcome).stdout).outcome, 'committed');
    });

    it('goes on with its first rollout after a power cut in the middle of it', async () => {
      await site.start();
      const outcome = activate('1.0.0');
      await waitFor('the rollout', () => site.agent.stdout.includes('"to":"verifying"'));
      await site.agent.kill();
      await site.start();
      assert.partialDeepStrictEqual(JSON.parse((await outcome).stdout), { outcome: 'committed', active: '1.0.0' });
      await waitFor('alarms', () => site.observer.alarmsOf('a').length > 3);
      await site.agent.kill();
      await site.start();
      assert.equal((await slot())?.active, '1.0.0');
    });
  });
});
