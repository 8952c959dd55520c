import assert from 'node:assert/strict';
import type { Reported } from '../../src/agent/shadow-document.ts';
import { fitShadow } from '../../src/agent/shadow-fit.ts';
import type { ShadowDocument } from '../../src/ports/shadow.ts';
import { SHADOW_MANAGER } from '../../src/sim/nucleus/shadow-manager.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { openGreengrassShadow } from '../fixtures/greengrass-shadow.ts';
import { ALLOW_ALL } from '../fixtures/nucleus-ipc.ts';

/** As an agent reports that has rolled out a model. */
function reportOf(agents: number): Reported {
  const at = '2026-01-01T00:00:00.000Z';
  const names = Array.from({ length: agents }, (_, number) => `agent-${number}`);
  const counters = ['messages', 'badInputs', 'inferences', 'windowsDropped', 'windowsFailed', 'resultsDropped'];
  const agent: Reported['agents'][string] = {
    state: 'running',
    model: { name: 'bearing-fault', version: '1.1.0', variant: 'small', provider: 'cpu' },
    rollout: { state: 'idle', active: '1.1.0', previous: '1.0.0' },
    isolation: 'bubblewrap',
    alarmsActive: 0,
    latencyMs: { p50: 1.2, p99: 3.4 },
    counters: Object.fromEntries(counters.map((name) => [name, 12_345])),
  };
  return {
    ...{ agentVersion: '0.1.0', startedAt: at, reportedAt: at, mode: 'active', sleep: false, logLevel: 'info' },
    health: { verdict: 'healthy', reasons: [] },
    config: { accepted: true },
    agents: Object.fromEntries(names.map((name) => [name, agent])),
    buses: { local: 'online', iotcore: 'online' },
    outbox: { rows: 0, bytes: 4_096, dropped: 0, quarantined: 0 },
    thresholds: Object.fromEntries(names.map((name) => [name, { alarm: { raise: 0.8, clear: 0.5 } }])),
  };
}

type Bench = Awaited<ReturnType<typeof openGreengrassShadow>>;

describe('the shadow of a component', function () {
  this.timeout(30_000);
  let bench: Bench;
  let told: ShadowDocument[];

  async function open(options: Parameters<typeof openGreengrassShadow>[0]): Promise<void> {
    bench = await openGreengrassShadow(options);
    told = [];
    bench.shadow.onDesired((desired) => told.push(desired));
    await bench.shadow.start();
    await waitFor('the shadow', () => told.length > 0);
  }

  afterEach(() => bench.close());

  const ways = () => {
    const lines = bench.link.log.lines.filter(({ event }) => event === 'who keeps the shadow is known');
    return lines.map(({ fields }) => (fields as { way: string }).way);
  };

  for (const { name, options } of [
    { name: 'ShadowManager', options: { mode: 'classic', keptBy: 'shadow-manager', plugins: [SHADOW_MANAGER] } },
    { name: 'AWS IoT Core on classic', options: { mode: 'classic', keptBy: 'iotcore', plugins: [] } },
    { name: 'AWS IoT Core on lite', options: { mode: 'lite', keptBy: 'iotcore' } },
  ] as const) {
    it(`tells after a restart of the nucleus what was desired meanwhile, and what is afterwards: ${name}`, async () => {
      await open(options);
      assert.ok((await bench.shadow.report({ mode: 'active' })).ok);
      if (options.keptBy === 'iotcore') await cutAndDesire();
      await bench.nucleus.cut();
      await waitFor('the loss', () => bench.link.state !== 'online');
      const offline = await bench.shadow.report({ mode: 'active' });
      assert.equal(!offline.ok && offline.error.code, 'E_BUS_OFFLINE');
      await bench.nucleus.restart();
      await waitFor('the connection', () => bench.link.state === 'online');
      await bench.operator.update({ desired: { sleep: true } });
      await waitFor('what was desired', () => told.at(-1)?.['sleep'] === true);
      await bench.link.quiet();
      await bench.operator.update({ desired: { mode: 'observe' } });
      await waitFor('what is desired', () => told.at(-1)?.['mode'] === 'observe');
      assert.ok((await bench.shadow.report({ mode: 'observe', sleep: true })).ok);
      assert.deepEqual(ways(), [options.keptBy]);
    });
  }

  it('is answered on lite, too, where a device has so many agents that the whole report would make answers that are lost', async () => {
    await open({ mode: 'lite', keptBy: 'iotcore' });
    const fitting = fitShadow(reportOf(4), bench.shadow.maxAnswerBytes);
    assert.deepEqual(fitting.trimmed, ['counters']);
    assert.deepEqual(await bench.shadow.report(fitting), { ok: true, value: undefined });
    await waitFor('what was reported', () => Object.keys(bench.shadow.reported?.['agents'] ?? {}).length === 4);
    const before = told.length;
    await bench.operator.update({ desired: { mode: 'observe' } });
    await waitFor('what is desired', () => told.length > before && told.at(-1)?.['mode'] === 'observe');
    assert.deepEqual(fitShadow(reportOf(1), bench.shadow.maxAnswerBytes), reportOf(1), 'one agent is told whole');
  });

  /** The cloud goes on while the nucleus is away. */
  async function cutAndDesire(): Promise<void> {
    await bench.nucleus.cut();
    await bench.operator.update({ desired: { mode: 'away' } });
    await bench.nucleus.restart();
    await waitFor('what was desired meanwhile', () => told.at(-1)?.['mode'] === 'away');
  }

  it('goes to AWS IoT Core when ShadowManager may not be used, and the log names what is missing', async () => {
    const { [SHADOW_MANAGER]: _, ...accessControl } = ALLOW_ALL;
    await open({ mode: 'classic', keptBy: 'iotcore', plugins: [SHADOW_MANAGER], accessControl });
    assert.ok((await bench.shadow.report({ a: 1 })).ok);
    assert.deepEqual((await bench.operator.state())?.['reported'], { a: 1 });
    const warning = bench.link.log.lines.find(({ event }) => event === 'ShadowManager may not be used');
    const { code, reason } = (warning?.fields ?? {}) as { code?: string; reason?: string };
    assert.equal(code, 'E_IPC_UNAUTHORIZED');
    assert.match(String(reason), /GetThingShadow/);
    assert.match(String(reason), /\$aws\/things\/edge-1\/shadow\/name\/edge-agent/);
  });

  it('may be read but not changed: the report says what is missing', async () => {
    const prefix = '$aws/things/edge-1/shadow/name/edge-agent';
    await open({
      mode: 'classic',
      keptBy: 'shadow-manager',
      plugins: [SHADOW_MANAGER],
      accessControl: {
        ...ALLOW_ALL,
        [SHADOW_MANAGER]: { read: { operations: ['aws.greengrass#GetThingShadow'], resources: [prefix] } },
      },
    });
    const refused = await bench.shadow.report({ a: 1 });
    assert.equal(!refused.ok && refused.error.code, 'E_IPC_UNAUTHORIZED');
    assert.match(refused.ok ? '' : refused.error.message, /UpdateThingShadow.*edge-agent/);
  });

  it('is reported to also when its changes may not be heard, and the log names what is missing', async () => {
    const { 'aws.greengrass.ipc.pubsub': _, ...accessControl } = ALLOW_ALL;
    await open({ mode: 'classic', keptBy: 'shadow-manager', plugins: [SHADOW_MANAGER], accessControl });
    assert.ok((await bench.shadow.report({ a: 1 })).ok);
    const refused = bench.link.log.lines.filter(({ event }) => event === 'no subscription');
    assert.match(JSON.stringify(refused), /SubscribeToTopic.*update\/delta/);
  });
});
