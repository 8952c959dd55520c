import assert from 'node:assert/strict';
import { failure, ok } from '../../../../src/domain/errors.ts';
import type { Manifest } from '../../../../src/domain/manifest.ts';
import { aManifest } from '../specs.ts';
import { SlotBench, times } from './slot-bench.ts';

const { input, output } = aManifest({
  input: { name: 'x', window: 2, hop: 2, channels: ['x'], channelAxis: false, sampleRateHz: 100, units: 'mm/s' },
  output: { name: 'sum', labels: ['sum'], units: 'mm' },
});

describe('a slot of models', () => {
  it('answers nothing before a model is loaded', async () => {
    const bench = new SlotBench();
    const answered = await bench.slot.run(new Float32Array(2), 1);
    assert.equal(answered.ok ? '' : answered.error.code, 'E_RUNNER_UNAVAILABLE');
    assert.equal(bench.slot.ready, false);
    assert.equal(bench.slot.stats().state, 'stopped');
    assert.throws(() => bench.slot.start());
  });

  it('serves a model of the store once, however often it is asked', async () => {
    const bench = await SlotBench.start();
    assert.deepEqual(await bench.slot.serve(await bench.ref('1.0.0')), ok(undefined));
    assert.equal(bench.runners.length, 1);
  });

  it('lets nothing answer when it is silenced, until it serves a model again', async () => {
    const bench = await SlotBench.start({ scripts: { '1.0.0': times(1) } });
    bench.runner('1.0.0').crash(failure('E_RUNNER_CRASHED'));
    bench.runner('1.0.0').recover();
    await bench.slot.silence();
    await bench.slot.silence();
    await bench.see('a', 1);
    assert.deepEqual([bench.results, bench.slot.ready, bench.slot.model, bench.running], ['', false, undefined, '']);
    assert.equal(bench.slot.stats().restarts, 1, 'a counter never goes back');
    await bench.slot.serve(await bench.ref('1.0.0'));
    await bench.settle();
    assert.equal(bench.results, 'a1@1.0.0', 'what waited is answered');
  });

  it('drops what answered before when it serves another, and loses no window by it', async () => {
    const bench = await SlotBench.start({ scripts: { '1.1.0': times(10) } });
    bench.runner('1.0.0').hang();
    await bench.see('a', 1);
    assert.deepEqual(await bench.slot.serve(await bench.ref('1.1.0')), ok(undefined));
    await bench.settle();
    assert.equal(bench.results, 'a10@1.1.0');
    assert.equal(bench.running, '1.1.0');
  });

  it('tells why a model cannot be served, and keeps what answers', async () => {
    const bench = await SlotBench.start({ scripts: { '1.1.0': { startFailure: failure('E_MODEL_LOAD') } } });
    const broken = await bench.slot.serve(await bench.ref('1.1.0'));
    assert.equal(broken.ok ? '' : broken.error.code, 'E_MODEL_LOAD');
    const missing = await bench.slot.serve({ name: 'sum', version: '9.9.9', release: 9, digest: 'none' });
    assert.equal(missing.ok ? '' : missing.error.code, 'E_MODEL_MISSING');
    await bench.see('a', 1);
    assert.equal(bench.results, 'a1@1.0.0');
  });

  it('serves the configured folder in the place of what answered', async () => {
    const bench = await SlotBench.start({ scripts: { '2.0.0': times(10) } });
    const stored = {
      manifest: aManifest({ version: '2.0.0' }),
      golden: [],
      variant: 'small',
      bytes: new Uint8Array(),
      source: '',
    };
    assert.equal((await bench.slot.serveStored(stored)).ok, true);
    await bench.see('a', 1);
    assert.equal(bench.results, 'a10@2.0.0');
    assert.equal(bench.running, '2.0.0');
  });

  describe('refuses a candidate', () => {
    const changes: Record<string, readonly [Partial<Manifest>, string]> = {
      'of another name': [{ name: 'other' }, 'the slot holds sum, the package is other'],
      'of another task': [{ task: 'anomaly' }, 'the task would change from regression to anomaly'],
      'with another window': [
        { input: { ...input, window: 3 } },
        'the window would change from 2 samples to 3 samples',
      ],
      'with another hop': [{ input: { ...input, hop: 1 } }, 'the hop would change from 2 samples to 1 samples'],
      'with other channels': [
        { input: { ...input, channels: ['y'] } },
        'the channels would change from ["x"] to ["y"]',
      ],
      'of another sample rate': [
        { input: { ...input, sampleRateHz: 50 } },
        'the sample rate would change from 100 Hz to 50 Hz',
      ],
      'with other units of input': [
        { input: { ...input, units: 'g' } },
        'the units of the input would change from mm/s to g',
      ],
      'with other labels': [
        { output: { ...output, labels: ['total'] } },
        'the labels would change from ["sum"] to ["total"]',
      ],
      'with other units of output': [
        { output: { ...output, units: 'h' } },
        'the units of the output would change from mm to h',
      ],
    };
    for (const [how, [change, reason]] of Object.entries(changes)) {
      it(`${how}, before the first batch as well`, async () => {
        const bench = await SlotBench.start({ manifest: { input, output } });
        const staged = await bench.stage('1.1.0', change);
        const loaded = await bench.slot.loadCandidate(staged.ref, staged);
        assert.deepEqual(loaded.ok ? '' : [loaded.error.code, loaded.error.message.includes(reason)], [
          'E_MODEL_CONTRACT',
          true,
        ]);
        assert.equal(bench.runners.length, 1, 'it was not even loaded');
      });
    }

    it('that does not load, and the active model goes on', async () => {
      const bench = await SlotBench.start({ scripts: { '1.1.0': { startFailure: failure('E_MODEL_LOAD') } } });
      const staged = await bench.stage('1.1.0');
      assert.equal((await bench.slot.loadCandidate(staged.ref, staged)).ok, false);
      assert.equal((await bench.slot.swap()).ok, false);
      assert.equal((await bench.slot.testCandidate()).ok, false);
      await bench.slot.dropCandidate();
      await bench.see('a', 1);
      assert.equal(bench.results, 'a1@1.0.0');
    });
  });

  it('takes a candidate that says more about its contract, or less', async () => {
    for (const [now, next] of [
      [{ input, output }, aManifest()],
      [aManifest(), { input, output }],
    ] as const) {
      const bench = await SlotBench.start({ manifest: { input: now.input, output: now.output } });
      await bench.candidate('1.1.0', { input: next.input, output: next.output });
      assert.equal(bench.running, '1.0.0 1.1.0');
    }
  });

  it('takes any contract where nothing answers', async () => {
    const bench = new SlotBench();
    await bench.candidate('1.0.0', { name: 'other' });
    assert.deepEqual(await bench.slot.swap(), ok(undefined));
    await bench.slot.dropPrevious();
    assert.equal(bench.running, '1.0.0');
  });

  it('replaces a candidate by the next one, or by itself', async () => {
    const bench = await SlotBench.start();
    await bench.candidate('1.1.0');
    await bench.candidate('1.1.0');
    await bench.candidate('1.2.0');
    assert.equal(bench.running, '1.0.0 1.2.0');
    await bench.slot.dropCandidate();
    await bench.slot.dropCandidate();
    assert.equal(bench.running, '1.0.0');
  });

  describe('that is stopped', () => {
    it('ends every runner, answers what is in flight with a failure, and may be stopped again', async () => {
      const bench = await SlotBench.start();
      await bench.swapTo('1.1.0');
      await bench.candidate('1.2.0');
      bench.slot.startCanary();
      bench.runner('1.1.0').hang();
      await bench.see('a', 1);
      await bench.slot.stop(100);
      await bench.slot.stop(100);
      await bench.settle();
      assert.throws(() => bench.slot.canaryFigures());
      assert.equal(bench.running, '');
      assert.equal(bench.failedWindows, 1);
      assert.deepEqual(
        bench.runners.map(({ listeners }) => listeners),
        [0, 0, 0],
      );
    });

    const calls: Record<string, (bench: SlotBench) => Promise<unknown>> = {
      serve: async (bench) => bench.slot.serve(await bench.ref('1.1.0')),
      loadCandidate: async (bench) => {
        const staged = await bench.stage('1.1.0');
        return bench.slot.loadCandidate(staged.ref, staged);
      },
      startWatch: async (bench) => bench.slot.startWatch(await bench.ref('1.0.0'), await bench.ref('1.1.0')),
      rollBack: async (bench) => bench.slot.rollBack(await bench.ref('1.1.0')),
    };
    for (const [name, call] of Object.entries(calls)) {
      it(`in the middle of ${name} leaves no runner behind`, async () => {
        const load = Promise.withResolvers<void>();
        const bench = await SlotBench.start({ scripts: { '1.1.0': { loading: load.promise } } });
        const called = call(bench);
        await bench.settle();
        assert.equal(bench.runners.length, 2);
        await bench.slot.stop(100);
        load.resolve();
        const outcome = await called;
        if (name !== 'startWatch') assert.match(JSON.stringify(outcome), /E_RUNNER_UNAVAILABLE/);
        assert.equal(bench.running, '');
      });

      it(`starts no runner by ${name} afterwards`, async () => {
        const bench = await SlotBench.start();
        await bench.slot.stop(100);
        await call(bench);
        assert.equal(bench.runners.length, 1);
      });
    }
  });
});
