import { deepEqual, equal, ok } from 'node:assert/strict';
import { failure } from '../../../src/domain/errors.ts';
import type { FakeModelSlot } from '../../fakes/model-slot.ts';
import { canaryFigures, live, paired, testFigures, watchFigures } from '../../fixtures/rollout/figures.ts';
import { RolloutSite, SITE_GATES } from '../../fixtures/rollout/site.ts';

const HALF_MINUTE_MS = 30_000;

describe('The rollout driver', () => {
  let site: RolloutSite;
  beforeEach(async () => {
    site = await new RolloutSite().withFirst();
    site.slot.calls.length = 0;
  });
  afterEach(() => site.stop());

  const ending = async (outcome: ReturnType<RolloutSite['rollOut']>) => {
    const ended = await outcome;
    return ended.ok ? [ended.value.outcome, ended.value.code] : ['no outcome', ended.error.code];
  };

  it('starts a slot without any model, and commits the first one', async () => {
    equal(site.driver.status().last?.outcome, 'committed');
    equal(site.slot.answering?.version, '1.0.0');
  });

  it('takes a good model all the way, in the order of the table', async () => {
    site.feed();
    deepEqual(await ending(site.rollOut('1.1.0')), ['committed', undefined]);
    deepEqual(site.slot.calls, [
      'load 1.1.0', 'test', 'start canary', 'stop canary', 'swap', 'watch 1.1.0', 'stop watch', 'drop previous',
    ]); // biome-ignore format: one line
    equal(site.slot.answering?.version, '1.1.0');
    deepEqual([site.version('active'), site.version('previous')], ['1.1.0', '1.0.0']);
    equal(site.driver.status().releaseFloor, 2);
  });

  it('saves every state before it acts on it', async () => {
    site.feed();
    const states: [string, string][] = [];
    site.slot.onCall = (call) => {
      states.push([call, site.store.effects.at(-1) ?? '']);
    };
    await site.rollOut('1.1.0');
    deepEqual(states, [
      ['load 1.1.0', 'save bearings testing'],
      ['test', 'save bearings testing'],
      ['swap', 'save bearings swapping'],
      ['watch 1.1.0', 'save bearings watching'],
      ['drop previous', 'save bearings committed'],
    ]);
  });

  it('goes back within one look when the watched model turns bad', async () => {
    site.slot.canary = canaryFigures(SITE_GATES.canary.windows);
    const outcome = site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    equal(site.slot.answering?.version, '1.1.0');
    site.slot.watch = watchFigures(100, { active: live(100, { nonFinite: 1 }) });
    await site.pass(50);
    equal(site.slot.answering?.version, '1.0.0');
    const ended = await outcome;
    ok(ended.ok);
    deepEqual([ended.value.outcome, ended.value.code], ['rolledBack', 'E_ROLLOUT_GATE']);
    ok(ended.value.reason.includes('finite'), ended.value.reason);
    ok(ended.value.evidence.length > 6, 'with the evidence of test, canary and watch');
  });

  it('refuses a quarantined version the next time, unless it is forced', async () => {
    site.slot.canary = canaryFigures(60, { paired: paired(60, { disagreed: 60 }) });
    deepEqual(await ending(site.rollOut('1.1.0')), ['refused', 'E_ROLLOUT_GATE']);
    site.feed();
    deepEqual(await ending(site.rollOut('1.1.0')), ['refused', 'E_ROLLOUT_QUARANTINED']);
    deepEqual(await ending(site.rollOut('1.1.0', { force: true })), ['committed', undefined]);
    deepEqual(site.driver.status().quarantine, []);
  });

  it('refuses what is not genuine, and audits it', async () => {
    deepEqual(await ending(site.rollOut('9.9.9')), ['refused', 'E_MODEL_MISSING']);
    ok(site.audit.events.includes('trust.refused'));
    equal(site.slot.answering?.version, '1.0.0');
  });

  it('refuses a candidate that does not load or fails its test, with the reason', async () => {
    site.slot.broken.set('1.1.0', failure('E_RUNNER_CRASHED', 'SIGSEGV'));
    deepEqual(await ending(site.rollOut('1.1.0')), ['refused', 'E_RUNNER_CRASHED']);
    site.slot.test = { ok: true, value: testFigures({ goldenDifference: 0.5, latencyP99Ms: 900 }) };
    deepEqual(await ending(site.rollOut('1.2.0')), ['refused', 'E_ROLLOUT_GATE']);
    equal(site.driver.status().quarantine.length, 2);
  });

  it('refuses a candidate that is too slow, and takes it when it is fast enough another time', async () => {
    site.feed();
    site.slot.test = { ok: true, value: testFigures({ latencyP99Ms: 900 }) };
    deepEqual(await ending(site.rollOut('1.1.0')), ['refused', 'E_ROLLOUT_GATE']);
    deepEqual(site.driver.status().quarantine, []);
    site.slot.test = { ok: true, value: testFigures({}) };
    deepEqual(await ending(site.rollOut('1.1.0')), ['committed', undefined]);
  });

  it('does not blame a model for what the device lacks', async () => {
    site.slot.broken.set('1.1.0', failure('E_SANDBOX_UNAVAILABLE'));
    deepEqual(await ending(site.rollOut('1.1.0')), ['refused', 'E_SANDBOX_UNAVAILABLE']);
    deepEqual(site.driver.status().quarantine, []);
  });

  it('ends without a verdict when no windows come, and drops the candidate', async () => {
    deepEqual(await ending(site.rollOut('1.1.0')), ['refused', 'E_ROLLOUT_UNDECIDED']);
    deepEqual([site.slot.candidate, site.slot.mirroring], [undefined, false]);
  });

  it('goes back when the swap fails', async () => {
    site.feed();
    site.slot.swapFailure = failure('E_RUNNER_UNAVAILABLE');
    deepEqual(await ending(site.rollOut('1.1.0')), ['rolledBack', 'E_RUNNER_UNAVAILABLE']);
    equal(site.slot.answering?.version, '1.0.0');
  });

  it('tries the way back again and again, with longer and longer pauses', async () => {
    site.feed();
    site.slot.swapFailure = failure('E_RUNNER_UNAVAILABLE');
    site.slot.rollBackFailures = Array.from({ length: 8 }, () => failure('E_MODEL_LOAD'));
    const outcome = site.driver.request(site.request('1.1.0'));
    await site.pass(HALF_MINUTE_MS);
    equal(site.driver.status().state, 'rollingBack');
    await site.pass(4 * HALF_MINUTE_MS);
    deepEqual(await ending(outcome), ['rolledBack', 'E_RUNNER_UNAVAILABLE']);
  });

  it('lets nothing answer when its model is bad, and the one before it is lost', async () => {
    site.feed();
    site.slot.swapFailure = failure('E_RUNNER_UNAVAILABLE');
    site.slot.rollBackFailures = [failure('E_MODEL_DIGEST')];
    deepEqual(await ending(site.rollOut('1.1.0')), ['rolledBack', 'E_RUNNER_UNAVAILABLE']);
    equal(site.slot.answering, undefined);
    equal(site.driver.status().state, 'idle');
    equal(site.driver.serving.ok, false);
    deepEqual([site.version('active'), site.driver.status().quarantine.length], ['1.0.0', 1]);
  });

  it('gives up a way back that fails for another reason, after minutes', async () => {
    site.feed();
    site.slot.swapFailure = failure('E_RUNNER_UNAVAILABLE');
    site.slot.rollBackFailures = Array.from({ length: 20 }, () => failure('E_MODEL_LOAD'));
    const outcome = site.driver.request(site.request('1.1.0'));
    await site.pass(12 * HALF_MINUTE_MS);
    deepEqual(await ending(outcome), ['rolledBack', 'E_RUNNER_UNAVAILABLE']);
    equal(site.slot.answering, undefined);
  });

  it('never gives it up for what the device lacks', async () => {
    site.feed();
    site.slot.swapFailure = failure('E_RUNNER_UNAVAILABLE');
    site.slot.rollBackFailures = Array.from({ length: 30 }, () => failure('E_SANDBOX_UNAVAILABLE'));
    const outcome = site.driver.request(site.request('1.1.0'));
    await site.pass(20 * HALF_MINUTE_MS);
    equal(site.driver.status().state, 'rollingBack');
    await site.pass(20 * HALF_MINUTE_MS);
    deepEqual(await ending(outcome), ['rolledBack', 'E_RUNNER_UNAVAILABLE']);
    equal(site.slot.answering?.version, '1.0.0');
  });

  it('stays with what somebody wanted to leave when the one before it is lost', async () => {
    site.feed();
    deepEqual(await ending(site.rollOut('1.1.0')), ['committed', undefined]);
    site.slot.rollBackFailures = [failure('E_MODEL_MISSING')];
    deepEqual(await ending(site.driver.rollBack('back')), ['refused', 'E_MODEL_MISSING']);
    await site.pass(0);
    deepEqual(
      [site.slot.answering?.version, site.version('active'), site.version('previous')],
      ['1.1.0', '1.1.0', undefined],
    );
    deepEqual(site.driver.status().quarantine, []);
  });

  it('takes a new model by its test alone where the active one does not answer, nor any before it', async () => {
    await site.reboot((slot) => slot.broken.set('1.0.0', failure('E_MODEL_DIGEST')));
    equal(site.driver.serving.ok, false);
    deepEqual(await ending(site.rollOut('1.1.0')), ['committed', undefined]);
    deepEqual(
      [site.slot.answering?.version, site.version('active'), site.version('previous')],
      ['1.1.0', '1.1.0', undefined],
    );
    ok(!site.slot.calls.includes('start canary'));
  });

  it('lets a newer request take the place before the swap', async () => {
    const first = site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    equal(site.driver.status().state, 'canary');
    site.feed();
    deepEqual(await ending(site.rollOut('1.2.0')), ['committed', undefined]);
    deepEqual(await ending(first), ['superseded', 'E_ROLLOUT_SUPERSEDED']);
    equal(site.version('active'), '1.2.0');
  });

  it('lets a newer request wait from the swap on, and the newest of those win', async () => {
    site.slot.canary = canaryFigures(SITE_GATES.canary.windows);
    const first = site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    equal(site.driver.status().state, 'watching');
    const second = site.driver.request(site.request('1.2.0'));
    const third = site.driver.request(site.request('1.3.0'));
    deepEqual(await ending(second), ['superseded', 'E_ROLLOUT_SUPERSEDED']);
    ok(site.slot.watching, 'the probation goes on');
    site.feed();
    await site.pass(3 * SITE_GATES.watch.durationMs);
    deepEqual(await ending(first), ['committed', undefined]);
    deepEqual(await ending(third), ['committed', undefined]);
    deepEqual([site.version('active'), site.version('previous')], ['1.3.0', '1.1.0']);
  });

  it('joins a request with the id of one that is under way, and answers that of the last one', async () => {
    site.feed();
    const request = site.request('1.1.0');
    const both = [site.driver.request(request), site.driver.request(request)];
    await site.pass(SITE_GATES.watch.durationMs * 2);
    const [one, other] = await Promise.all(both);
    deepEqual(one, other);
    deepEqual(await site.driver.request(request), one);
    equal(site.slot.calls.filter((call) => call === 'swap').length, 1);
  });

  it('commits the active package at once, however old its release', async () => {
    deepEqual(await ending(site.rollOut('1.0.0')), ['committed', undefined]);
    ok(!site.slot.calls.includes('swap'));
  });

  it('cancels a canary, and leaves the active model alone', async () => {
    const outcome = site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    equal((await site.driver.cancel('a change of plans')).ok, true);
    await site.pass(0);
    deepEqual(await ending(outcome), ['cancelled', 'E_ROLLOUT_CANCELLED']);
    deepEqual([site.slot.mirroring, site.slot.candidate, site.version('active')], [false, undefined, '1.0.0']);
  });

  it('goes back when it is cancelled while watching', async () => {
    site.slot.canary = canaryFigures(SITE_GATES.canary.windows);
    const outcome = site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    await site.driver.cancel();
    await site.pass(0);
    deepEqual(await ending(outcome), ['cancelled', 'E_ROLLOUT_CANCELLED']);
    equal(site.slot.answering?.version, '1.0.0');
    deepEqual(site.driver.status().quarantine, []);
  });

  it('drops the answer of a swap that was cancelled while it ran', async () => {
    site.feed();
    let finish = () => {};
    site.slot.onCall = (call) => (call === 'swap' ? new Promise((resolve) => (finish = resolve)) : undefined);
    const outcome = site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    equal(site.driver.status().state, 'swapping');
    const cancelled = site.driver.cancel();
    await site.pass(0);
    equal(site.slot.calls.at(-1), 'stop canary', 'one effect at a time: the way back waits for the swap');
    finish();
    await site.pass(0);
    equal((await cancelled).ok, true);
    deepEqual(await ending(outcome), ['cancelled', 'E_ROLLOUT_CANCELLED']);
    deepEqual([site.version('active'), site.slot.answering?.version], ['1.0.0', '1.0.0']);
  });

  it('drops the answer of an effect that came in behind a wish', async () => {
    site.feed();
    let cancelled: Promise<unknown> = Promise.resolve();
    site.slot.onCall = (call) => {
      if (call === 'swap') cancelled = site.driver.cancel();
    };
    deepEqual(await ending(site.rollOut('1.1.0')), ['cancelled', 'E_ROLLOUT_CANCELLED']);
    await cancelled;
    equal(site.slot.answering?.version, '1.0.0');
    ok(!site.log.events.includes('rollout.halted'));
  });

  it('refuses to cancel nothing, and to go back to nothing', async () => {
    const cancelled = await site.driver.cancel();
    equal(cancelled.ok ? '' : cancelled.error.code, 'E_ROLLOUT_NOTHING');
    deepEqual(await ending(site.driver.rollBack('back')), ['no outcome', 'E_ROLLOUT_NOTHING']);
  });

  it('rolls back by hand to the previous model', async () => {
    site.feed();
    await site.rollOut('1.1.0');
    const back = site.driver.rollBack('back', 'the night shift says so');
    await site.pass(0);
    deepEqual(await ending(back), ['rolledBack', 'E_ROLLOUT_UNDONE']);
    deepEqual([site.version('active'), site.slot.answering?.version], ['1.0.0', '1.0.0']);
    deepEqual(await ending(site.rollOut('1.1.0')), ['refused', 'E_RELEASE_OLD']);
  });

  it('answers who rolls back while the swap is being saved: by then the rollout is watched', async () => {
    site.feed();
    const save = site.store.save.bind(site.store);
    let back: ReturnType<RolloutSite['rollOut']> | undefined;
    site.store.save = async (record) => {
      if (record.state === 'watching') back ??= site.driver.rollBack('back');
      await new Promise(setImmediate);
      return save(record);
    };
    const rollout = site.rollOut('1.1.0');
    deepEqual(await ending(rollout), ['rolledBack', 'E_ROLLOUT_UNDONE']);
    ok(back);
    deepEqual(await ending(back), ['rolledBack', 'E_ROLLOUT_UNDONE']);
  });

  it('keeps on its disk what the record names, and nothing else', async () => {
    site.feed();
    await site.rollOut('1.1.0');
    await site.rollOut('1.2.0');
    const kept = await site.store.list('bearings');
    deepEqual(
      kept.map(({ version }) => version),
      ['1.1.0', '1.2.0'],
    );
  });

  it('waits for a disk that refuses, and does nothing meanwhile', async () => {
    site.feed();
    site.store.refuse = failure('E_STATE_IO', 'read-only');
    const outcome = site.driver.request(site.request('1.1.0'));
    await site.pass(5_000);
    deepEqual([site.driver.status().state, site.slot.calls], ['idle', []]);
    site.store.refuse = undefined;
    await site.pass(2 * SITE_GATES.watch.durationMs);
    deepEqual(await ending(outcome), ['committed', undefined]);
  });

  it('stops in the middle, tells who waits, and leaves no timer', async () => {
    const outcome = site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    await site.stop();
    deepEqual(await ending(outcome), ['no outcome', 'E_ROLLOUT_INTERRUPTED']);
    equal(site.clock.pending, 0);
    deepEqual(await ending(site.driver.request(site.request('1.2.0'))), ['no outcome', 'E_ROLLOUT_INTERRUPTED']);
  });

  it('goes on after a restart where it was, and answers by the id of the request', async () => {
    site.slot.canary = canaryFigures(SITE_GATES.canary.windows);
    const request = site.request('1.1.0');
    void site.driver.request(request);
    await site.pass(1000);
    await site.stop();
    equal((await site.reboot()).ok, true);
    equal(site.slot.answering?.version, '1.1.0');
    equal(site.driver.status().boots, 1);
    const outcome = site.driver.request(request);
    site.feed();
    await site.pass(2 * SITE_GATES.watch.durationMs);
    deepEqual(await ending(outcome), ['committed', undefined]);
  });

  it('counts no crash loop over stops in good order', async () => {
    site.slot.canary = canaryFigures(SITE_GATES.canary.windows);
    void site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    for (let i = 0; i < 6; i++) {
      await site.stop();
      await site.reboot();
      await site.pass(1000);
    }
    equal(site.driver.status().state, 'watching');
  });

  it('goes back after the fourth crash of the agent while watching', async () => {
    site.slot.canary = canaryFigures(SITE_GATES.canary.windows);
    void site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    for (let i = 0; i < 4; i++) {
      equal(site.version('active'), '1.1.0');
      await site.reboot();
    }
    await site.pass(0);
    equal(site.slot.answering?.version, '1.0.0');
    equal(site.driver.status().last?.code, 'E_ROLLOUT_CRASH_LOOP');
  });

  it('falls back to the previous model when the active one does not load at a start', async () => {
    site.feed();
    await site.rollOut('1.1.0');
    await site.stop();
    const { store } = site;
    site = new RolloutSite(store);
    site.slot.broken.set('1.1.0', failure('E_MODEL_LOAD'));
    equal((await site.start()).ok, true);
    deepEqual([site.slot.answering?.version, site.driver.status().last?.code], ['1.0.0', 'E_MODEL_LOAD']);
  });

  it('tries an active model twice that did not come up in time, before it goes back', async () => {
    site.feed();
    await site.rollOut('1.1.0');
    const slow = (slot: FakeModelSlot, recovers: boolean) => {
      slot.broken.set('1.1.0', failure('E_RUNNER_TIMEOUT', '30000 ms'));
      let tries = 0;
      slot.onCall = (call) => {
        if (call === 'serve 1.1.0' && ++tries === 2 && recovers) slot.broken.delete('1.1.0');
      };
    };
    equal((await site.reboot((slot) => slow(slot, true))).ok, true);
    deepEqual([site.slot.answering?.version, site.version('active')], ['1.1.0', '1.1.0']);
    equal((await site.reboot((slot) => slow(slot, false))).ok, true);
    deepEqual([site.slot.answering?.version, site.driver.status().last?.code], ['1.0.0', 'E_RUNNER_TIMEOUT']);
  });

  it('gives up a rollout at a start where the active model broke, and goes back', async () => {
    site.feed();
    await site.rollOut('1.1.0');
    site.slot.canary = canaryFigures(0);
    void site.driver.request(site.request('1.2.0'));
    await site.pass(1000);
    equal(site.driver.status().state, 'canary');
    equal((await site.reboot((slot) => slot.broken.set('1.1.0', failure('E_MODEL_LOAD')))).ok, true);
    await site.pass(1000);
    equal(site.slot.answering?.version, '1.0.0');
    deepEqual(
      site.driver.status().quarantine.map(({ ref }) => ref.version),
      ['1.1.0'],
    );
  });

  it('blames no model at a start where the device can run none', async () => {
    site.slot.canary = canaryFigures(SITE_GATES.canary.windows);
    void site.driver.request(site.request('1.1.0'));
    await site.pass(1000);
    const started = await site.reboot((slot) => slot.broken.set('1.1.0', failure('E_SANDBOX_UNAVAILABLE')));
    equal(started.ok ? '' : started.error.code, 'E_SANDBOX_UNAVAILABLE');
    await site.pass(60_000);
    deepEqual([site.driver.status().state, site.version('active')], ['watching', '1.1.0']);
    equal((await site.reboot()).ok, true);
    site.feed();
    await site.pass(20_000);
    equal(site.driver.status().last?.outcome, 'committed');
  });

  it('says at the start that nothing answers when there is no other model', async () => {
    await site.stop();
    site = new RolloutSite(site.store);
    site.slot.broken.set('1.0.0', failure('E_MODEL_LOAD'));
    const started = await site.start();
    equal(started.ok ? '' : started.error.code, 'E_MODEL_LOAD');
    equal(site.version('active'), '1.0.0');
  });

  it('starts nothing on a damaged record', async () => {
    await site.stop();
    site.store.damaged.add('bearings');
    const { store } = site;
    site = new RolloutSite(store);
    const started = await site.driver.start();
    equal(started.ok ? '' : started.error.code, 'E_STATE_DAMAGED');
    deepEqual(site.slot.calls, []);
  });

  it('halts on a bug in its slot on the safe side', async () => {
    site.slot.onCall = (call) => {
      if (call === 'test') throw new TypeError('a bug');
    };
    deepEqual(await ending(site.rollOut('1.1.0')), ['refused', 'E_INTERNAL']);
    equal(site.slot.answering?.version, '1.0.0');
  });

  it('holds packages against the release floor, the device and the latest time', async () => {
    site.timeFloorMs = site.clock.now() + 1e9;
    await site.rollOut('1.1.0');
    equal(site.verifier.contexts.at(-1)?.nowMs, site.timeFloorMs);
    const { releaseFloor, thing, groups, newInstall, keptDigests } = site.verifier.contexts.at(-1) ?? {};
    deepEqual(
      { releaseFloor, thing, groups, newInstall },
      { releaseFloor: 1, thing: 'edge-1', groups: ['all'], newInstall: true },
    );
    const { active, previous } = site.driver.status();
    deepEqual(keptDigests, [active?.digest, previous?.digest].filter(Boolean));
  });

  it('writes every step and every end to the audit log', async () => {
    site.feed();
    site.audit.entries.length = 0;
    await site.rollOut('1.1.0');
    const steps = site.audit.entries.filter(({ event }) => event === 'rollout.step').map(({ facts }) => facts['to']);
    deepEqual(steps, ['verifying', 'staging', 'testing', 'canary', 'swapping', 'watching', 'committed', 'idle']);
    const end = site.audit.entries.find(({ event }) => event === 'rollout.ended');
    deepEqual([end?.facts['outcome'], end?.facts['version'], end?.facts['from']], ['committed', '1.1.0', '1.0.0']);
  });

  it('tells every saved record to who listens', async () => {
    const states: string[] = [];
    const end = site.driver.onChange(({ state }) => states.push(state));
    await site.rollOut('9.9.9');
    end();
    await site.rollOut('9.9.8');
    deepEqual(states, ['verifying', 'idle', 'idle']);
  });
});

describe('a wish that comes before the driver has started', () => {
  it('waits until the active model answers as well: its effects would call that off, and the start wait for ever', async () => {
    const site = await new RolloutSite().withFirst();
    await site.stop();
    const again = new RolloutSite(site.store);
    await again.store.start();
    let answer = () => {};
    again.slot.onCall = (call) =>
      call === 'serve 1.0.0' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    const started = again.start();
    const early = again.driver.request(again.request('1.1.0', { id: 'early' }));
    await again.pass(1_000);
    equal(again.driver.status().request, undefined);
    answer();
    equal((await started).ok, true);
    await again.pass(0);
    equal(again.driver.status().request?.id, 'early');
    await again.driver.stop(1_000);
    equal((await early).ok, false);
  });

  it('waits for the record, and is judged by it', async () => {
    const site = await new RolloutSite().withFirst();
    await site.stop();
    const again = new RolloutSite(site.store);
    await again.store.start();
    const early = again.driver.request(again.request('1.1.0', { id: 'early' }));
    await again.pass(1_000);
    equal(again.driver.status().active, undefined, 'nothing is taken up yet');
    await again.start();
    equal(again.driver.status().active?.version, '1.0.0');
    equal(again.driver.status().request?.source, again.source('1.1.0'));
    await again.driver.stop(1_000);
    const ended = await early;
    equal(!ended.ok && ended.error.code, 'E_ROLLOUT_INTERRUPTED');
  });

  it('is answered when the start never comes', async () => {
    const site = new RolloutSite();
    const wishes = [site.driver.request(site.request('1.1.0')), site.driver.rollBack('r-9'), site.driver.cancel()];
    await site.driver.stop(1_000);
    for (const ended of await Promise.all(wishes)) equal(!ended.ok && ended.error.code, 'E_ROLLOUT_INTERRUPTED');
  });
});
