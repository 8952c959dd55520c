import assert from 'node:assert/strict';
import { ShadowTopics } from '../../src/adapters/shadow/shadow-topics.ts';
import type { Shadow, ShadowDocument } from '../../src/ports/shadow.ts';
import { FakeBus, FakeHub } from '../fakes/bus.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeLog } from '../fakes/log.ts';
import { FakeShadow, FakeShadowService } from '../fakes/shadow.ts';

type Bench = {
  readonly shadow: Shadow;
  /** Changes what is desired, as an operator. */
  desire(desired: ShadowDocument): Promise<void>;
  /** What the service holds as reported. */
  reported(): ShadowDocument | undefined;
  desired(): ShadowDocument | undefined;
  settle(): Promise<void>;
  /** Lets the service answer no report, until called again with false. */
  hold(holding: boolean): void;
};

async function inMemory(): Promise<Bench> {
  const shadow = new FakeShadow();
  const { store } = shadow;
  return {
    shadow,
    desire: async (desired) => store.update({ desired }),
    reported: () => store.state?.reported,
    desired: () => store.state?.desired,
    settle: () => new FakeClock().advance(0),
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
  return {
    shadow: new ShadowTopics({ thing: 'edge-1', name: 'edge-agent', bus, clock, log: new FakeLog() }),
    desire: async (desired) => {
      await settle();
      await service.desire(desired);
      await settle();
    },
    reported: () => service.store.state?.reported,
    desired: () => service.store.state?.desired,
    settle,
    hold: (holding) => {
      service.silent = holding;
    },
  };
}

for (const [name, make] of [
  ['the shadow in memory', inMemory],
  ['the shadow over topics', overTopics],
] as const) {
  describe(`contract of a shadow: ${name}`, () => {
    it('merges what is reported, and null removes', async () => {
      const { shadow, reported, settle } = await make();
      await shadow.start();
      await settle();
      assert.ok((await wait(shadow.report({ a: 1, b: { c: 2, d: 3 } }), settle)).ok);
      assert.ok((await wait(shadow.report({ a: null, b: { c: 4 } }), settle)).ok);
      assert.deepEqual(reported(), { b: { c: 4, d: 3 } });
      assert.deepEqual(shadow.reported, { b: { c: 4, d: 3 } });
    });

    it('tells at the start what differs', async () => {
      const { shadow, desire, settle } = await make();
      await desire({ mode: 'observe' });
      const told: ShadowDocument[] = [];
      shadow.onDesired((desired) => told.push(desired));
      await shadow.start();
      await settle();
      assert.deepEqual(told.at(-1), { mode: 'observe' });
    });

    it('tells at the start that nothing differs', async () => {
      const { shadow, settle } = await make();
      const told: ShadowDocument[] = [];
      shadow.onDesired((desired) => told.push(desired));
      await shadow.start();
      await settle();
      assert.deepEqual(told, [{}]);
      assert.deepEqual(shadow.reported, {});
    });

    it('tells every change with a growing version, and only what differs', async () => {
      const { shadow, desire, settle } = await make();
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
      const { shadow, desire, desired, settle } = await make();
      await desire({ sleep: true, mode: 'observe' });
      await shadow.start();
      await settle();
      await wait(shadow.report({ sleep: false }, { sleep: null }), settle);
      assert.deepEqual(desired(), { mode: 'observe' });
    });

    it('refuses a second report while one is in flight', async () => {
      const { shadow, hold, settle } = await make();
      await shadow.start();
      await settle();
      hold(true);
      void shadow.report({ a: 1 });
      await settle();
      const second = await shadow.report({ a: 2 });
      assert.equal(!second.ok && second.error.code, 'E_SHADOW_UNACKNOWLEDGED');
      hold(false);
    });

    it('refuses a report of more than 8 KB', async () => {
      const { shadow, settle } = await make();
      await shadow.start();
      await settle();
      const result = await shadow.report({ a: 'x'.repeat(8_192) });
      assert.equal(!result.ok && result.error.code, 'E_SHADOW_TOO_LARGE');
      assert.ok((await wait(shadow.report({ a: 'x' }), settle)).ok, 'and the next one is not in its way');
    });

    it('tells nothing more after its stop', async () => {
      const { shadow, desire, settle } = await make();
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
