import assert from 'node:assert/strict';
import { ShadowTopics } from '../../src/adapters/shadow/shadow-topics.ts';
import type { Shadow, ShadowDocument } from '../../src/ports/shadow.ts';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { SHADOW_MANAGER } from '../../src/sim/nucleus/shadow-manager.ts';
import { FakeBus, FakeHub } from '../fakes/bus.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeLog } from '../fakes/log.ts';
import { FakeShadow, FakeShadowService } from '../fakes/shadow.ts';
import { openGreengrassShadow } from '../fixtures/greengrass-shadow.ts';

type Bench = {
  readonly shadow: Shadow;
  /** Changes what is desired, as an operator. */
  desire(desired: ShadowDocument): Promise<void>;
  /** What the service holds as reported. */
  reported(): Promise<unknown>;
  desired(): Promise<unknown>;
  settle(): Promise<void>;
  /** Lets the service answer no report, until called again with false. A real one takes its time anyway. */
  hold(holding: boolean): void;
  close(): Promise<void>;
};

async function inMemory(): Promise<Bench> {
  const shadow = new FakeShadow();
  const { store } = shadow;
  return {
    shadow,
    desire: async (desired) => store.update({ desired }),
    reported: async () => store.state?.reported,
    desired: async () => store.state?.desired,
    settle: () => new FakeClock().advance(0),
    close: () => shadow.stop(),
    hold: (holding) => {
      shadow.holding = holding;
      if (!holding) shadow.release();
    },
  };
}

async function overTopics(): Promise<Bench> {
  const hub = new FakeHub();
  const clock = new FakeClock();
  const bus = new FakeBus(hub);
  const service = new FakeShadowService(hub, 'edge-1', 'edge-agent');
  const settle = async () => {
    for (let i = 0; i < 5; i++) {
      await clock.advance(0);
      await Promise.all([bus.settled(), service.bus.settled()]);
    }
  };
  await Promise.all([bus.start(), service.bus.start()]);
  await settle();
  const shadow = new ShadowTopics({ thing: 'edge-1', name: 'edge-agent', bus, clock, log: new FakeLog() });
  return {
    shadow,
    desire: async (desired) => {
      await settle();
      await service.desire(desired);
      await settle();
    },
    reported: async () => service.store.state?.reported,
    desired: async () => service.store.state?.desired,
    settle,
    hold: (holding) => {
      service.silent = holding;
    },
    close: () => shadow.stop(),
  };
}

/** With the SDK's client, against the simulated nucleus. */
async function onGreengrass(
  mode: NucleusMode,
  keptBy: 'shadow-manager' | 'iotcore',
  plugins: readonly string[] = [],
): Promise<Bench> {
  const { shadow, operator, link, close } = await openGreengrassShadow({ mode, keptBy, plugins });
  const settle = () => link.quiet();
  return {
    shadow,
    desire: async (desired) => {
      await operator.update({ desired });
      await settle();
    },
    reported: async () => (await operator.state())?.['reported'],
    desired: async () => (await operator.state())?.['desired'],
    settle,
    hold: () => {},
    close,
  };
}

for (const [name, make] of [
  ['the shadow in memory', inMemory],
  ['the shadow over topics', overTopics],
  ['ShadowManager on Greengrass', () => onGreengrass('classic', 'shadow-manager', [SHADOW_MANAGER])],
  ['AWS IoT Core by a classic nucleus', () => onGreengrass('classic', 'iotcore')],
  ['AWS IoT Core by nucleus lite', () => onGreengrass('lite', 'iotcore')],
] as const) {
  describe(`contract of a shadow: ${name}`, function () {
    this.timeout(30_000);
    let bench: Bench;

    beforeEach(async () => {
      bench = await make();
    });

    afterEach(() => bench.close());

    it('merges what is reported, and null removes', async () => {
      const { shadow, reported, settle } = bench;
      await shadow.start();
      await settle();
      assert.ok((await wait(shadow.report({ a: 1, b: { c: 2, d: 3 } }), settle)).ok);
      assert.ok((await wait(shadow.report({ a: null, b: { c: 4 } }), settle)).ok);
      assert.deepEqual(await reported(), { b: { c: 4, d: 3 } });
      assert.deepEqual(shadow.reported, { b: { c: 4, d: 3 } });
    });

    it('tells at the start what differs', async () => {
      const { shadow, desire, settle } = bench;
      await desire({ mode: 'observe' });
      const told: ShadowDocument[] = [];
      shadow.onDesired((desired) => told.push(desired));
      await shadow.start();
      await settle();
      assert.deepEqual(told.at(-1), { mode: 'observe' });
    });

    it('tells at the start that nothing differs', async () => {
      const { shadow, settle } = bench;
      const told: ShadowDocument[] = [];
      shadow.onDesired((desired) => told.push(desired));
      await shadow.start();
      await settle();
      assert.deepEqual(told, [{}]);
      assert.deepEqual(shadow.reported, {});
    });

    it('tells every change with a growing version, and only what differs', async () => {
      const { shadow, desire, settle } = bench;
      const told: { desired: ShadowDocument; version: number }[] = [];
      shadow.onDesired((desired, version) => told.push({ desired, version }));
      await shadow.start();
      await settle();
      await wait(shadow.report({ mode: 'active', sleep: false }), settle);
      await desire({ mode: 'observe', sleep: false });
      await desire({ mode: 'active' });
      const texts = told.map(({ desired }) => JSON.stringify(desired));
      assert.ok(texts.includes('{"mode":"observe"}'), texts.join());
      assert.equal(texts.at(-1), '{}');
      const versions = told.map(({ version }) => version);
      assert.deepEqual(
        versions,
        [...versions].sort((a, b) => a - b),
      );
    });

    it('clears desired fields', async () => {
      const { shadow, desire, desired, settle } = bench;
      await desire({ sleep: true, mode: 'observe' });
      await shadow.start();
      await settle();
      await wait(shadow.report({ sleep: false }, { sleep: null }), settle);
      assert.deepEqual(await desired(), { mode: 'observe' });
    });

    it('refuses a second report while one is in flight', async () => {
      const { shadow, hold, settle } = bench;
      await shadow.start();
      await settle();
      hold(true);
      void shadow.report({ a: 1 });
      const second = await shadow.report({ a: 2 });
      assert.equal(!second.ok && second.error.code, 'E_SHADOW_UNACKNOWLEDGED');
      hold(false);
    });

    it('refuses a report of more than 8 KB', async () => {
      const { shadow, settle } = bench;
      await shadow.start();
      await settle();
      const result = await shadow.report({ a: 'x'.repeat(8_192) });
      assert.equal(!result.ok && result.error.code, 'E_SHADOW_TOO_LARGE');
      assert.ok((await wait(shadow.report({ a: 'x' }), settle)).ok, 'and the next one is not in its way');
    });

    it('tells nothing more after its stop', async () => {
      const { shadow, desire, settle } = bench;
      const told: ShadowDocument[] = [];
      await shadow.start();
      await settle();
      shadow.onDesired((desired) => told.push(desired));
      await shadow.stop();
      await desire({ mode: 'observe' });
      assert.deepEqual(told, []);
    });
  });
}

async function wait<T>(promise: Promise<T>, settle: () => Promise<void>): Promise<T> {
  await settle();
  return promise;
}
