import { deepEqual, equal, ok } from 'node:assert/strict';
import { FakeSlotStore } from '../../fakes/slot-store.ts';
import { canaryFigures, live, watchFigures } from '../../fixtures/rollout/figures.ts';
import { RolloutSite, SITE_GATES } from '../../fixtures/rollout/site.ts';

type Story = { readonly name: string; readonly healthy: boolean; readonly ends: string };

const STORIES: readonly Story[] = [
  { name: 'a good model', healthy: true, ends: '1.1.0' },
  { name: 'a model that turns bad while watched', healthy: false, ends: '1.0.0' },
];
const LONG_MS = 40_000;

/** Plays a rollout of 1.1.0 beside 1.0.0 with the plug pulled at `point` of the store, counted from the request on. */
async function play(story: Story, point: number | undefined): Promise<{ site: RolloutSite; points: number }> {
  const store = new FakeSlotStore();
  const site = await new RolloutSite(store).withFirst();
  const before = store.points;
  if (point !== undefined) store.cutAt(before + point);
  show(site, story);
  void site.driver.request(site.request('1.1.0'));
  await site.pass(LONG_MS);
  if (store.dark) {
    const dead = site.slot;
    equal((await site.reboot()).ok, true);
    equal(site.slot.answering?.version, site.version('active'), 'the active model answers after the start');
    ok(dead !== site.slot);
    show(site, story);
    await site.pass(LONG_MS);
  }
  return { site, points: store.points - before };
}

function show(site: RolloutSite, { healthy }: Story): void {
  site.slot.canary = canaryFigures(SITE_GATES.canary.windows);
  site.slot.watch = watchFigures(200, healthy ? {} : { active: live(200, { failed: 50 }) });
}

describe('A rollout whose power fails at the store', () => {
  for (const story of STORIES) {
    it(`ends as it should, whichever write was the last: ${story.name}`, async function () {
      this.timeout(20_000);
      const { site, points } = await play(story, undefined);
      await site.stop();
      ok(points >= 16, `${points} points`);
      for (let point = 1; point <= points; point++) {
        const { site: cut } = await play(story, point);
        const { state, active, last } = cut.driver.status();
        const where = `cut ${point}: ${cut.store.effects.join(', ')}`;
        equal(state, 'idle', where);
        equal(cut.slot.answering?.version, active?.version, where);
        // The first save is the request itself: before it, nobody has asked.
        equal(active?.version, point === 1 ? '1.0.0' : story.ends, where);
        if (point > 1) equal(last?.outcome, story.healthy ? 'committed' : 'rolledBack', where);
        const kept = (await cut.store.list('bearings')).map(({ version }) => version);
        ok(kept.includes(active?.version ?? ''), where);
        deepEqual(kept, story.ends === '1.1.0' && point > 1 ? ['1.0.0', '1.1.0'] : ['1.0.0'], where);
        await cut.stop();
      }
    });
  }
});
