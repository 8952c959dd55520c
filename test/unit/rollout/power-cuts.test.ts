import { deepEqual, equal, ok } from 'node:assert/strict';
import type { ModelRef, RolloutOutcome } from '../../../src/domain/rollout.ts';
import type { RolloutEvent } from '../../../src/rollout/events.ts';
import { type Answers, checkDisk, Device, type Disk, PowerCut } from '../../fixtures/rollout/device.ts';
import { HAPPENS, ref, slotWithA } from '../../fixtures/rollout/events.ts';

type Story = {
  readonly name: string;
  readonly begins: RolloutEvent;
  readonly answers: Answers;
  readonly active: string;
  readonly outcome: RolloutOutcome['outcome'];
  readonly quarantined: boolean;
};

const BACK: Pick<Story, 'active' | 'outcome' | 'quarantined'> = {
  active: 'A',
  outcome: 'rolledBack',
  quarantined: true,
};
const REFUSED = { active: 'A', outcome: 'refused', quarantined: true } as const;
const { requested } = HAPPENS;

const STORIES: readonly Story[] = [
  { name: 'a good model', begins: requested, answers: {}, active: 'B', outcome: 'committed', quarantined: false },
  { name: 'bad while watched', begins: requested, answers: { watch: HAPPENS.watchUnhealthy }, ...BACK },
  { name: 'the swap fails', begins: requested, answers: { swap: HAPPENS.swapFailed }, ...BACK },
  { name: 'bad in the canary', begins: requested, answers: { canary: HAPPENS.canaryUnhealthy }, ...REFUSED },
  { name: 'bad in the test', begins: requested, answers: { test: HAPPENS.testFailed }, ...REFUSED },
  { name: 'not staged', begins: requested, answers: { stage: HAPPENS.stageFailed }, ...REFUSED, quarantined: false },
];

/** Runs a story whose plug is pulled at the moments numbered in `cuts`, counted over all starts. */
function run(story: Story, cuts: readonly number[]): { disk: Disk; device: Device; moments: string[] } {
  const disk: Disk = {
    record: slotWithA(),
    packages: new Map(['A', 'Z'].map((letter) => [ref(letter).digest, ref(letter)])),
  };
  const moments: string[] = [];
  const moment = (name: string) => {
    moments.push(name);
    if (cuts.includes(moments.length - 1)) throw new PowerCut(name);
  };
  let event: RolloutEvent = story.begins;
  let serving: Device['serving'] = ref('A');
  for (;;) {
    const device = new Device({ disk, answers: story.answers, candidate: ref('B'), moment });
    device.serving = serving;
    try {
      device.happen(event);
      return { disk, device, moments };
    } catch (thrown) {
      if (!(thrown instanceof PowerCut)) throw thrown;
      event = HAPPENS.booted;
      serving = undefined;
    }
  }
}

function checkEnd(story: Story, { disk, device }: { disk: Disk; device: Device }): void {
  const { record } = disk;
  checkDisk(disk);
  equal(record.state, 'idle');
  deepEqual(device.serving, record.active, 'what is active answers');
  if (record.last === undefined) {
    deepEqual(record.active, ref('A'), 'a request that was not saved never was');
    return;
  }
  equal(record.last.outcome, story.outcome);
  deepEqual(record.active, ref(story.active));
  equal(
    record.quarantine.some((bad) => bad.ref.digest === ref('B').digest),
    story.quarantined,
  );
  deepEqual([...disk.packages.values()].map(({ version }) => version).sort(), versions(record.active, record.previous));
}

function versions(...refs: readonly (ModelRef | undefined)[]): string[] {
  return refs.flatMap((one) => one?.version ?? []).sort();
}

describe('A power cut at any moment of a rollout', () => {
  const cuts = STORIES.flatMap((story) => run(story, []).moments.map((moment, index) => ({ story, moment, index })));

  it('is tried at 60 moments at least', () => {
    ok(cuts.length >= 60, `${cuts.length} moments`);
  });

  for (const story of STORIES) {
    it(`spares nothing when it does not happen: ${story.name}`, () => {
      const ended = run(story, []);
      checkEnd(story, ended);
      ok(ended.disk.record.last !== undefined);
    });
  }

  for (const { story, moment, index } of cuts) {
    it(`${story.name}: ${moment}`, () => checkEnd(story, run(story, [index])));
  }

  it('may be followed by a second one at any moment of the start', () => {
    for (const { story, index } of cuts) {
      const { moments } = run(story, [index]);
      for (let second = index + 1; second < moments.length; second++) checkEnd(story, run(story, [index, second]));
    }
  });

  it('again and again while watching ends with the old model', () => {
    const story = STORIES[0] as Story;
    const watching = run(story, []).moments.indexOf('after watch in watching');
    const every = [watching];
    for (let boots = 0; boots < 10; boots++) {
      const { moments } = run(story, every);
      const next = moments.indexOf('after watch in watching', (every.at(-1) as number) + 1);
      if (next < 0) break;
      every.push(next);
    }
    const { disk, device } = run(story, every);
    equal(every.length, 4, 'the first start and three more');
    checkEnd({ ...story, ...BACK }, { disk, device });
    equal(disk.record.last?.code, 'E_ROLLOUT_CRASH_LOOP');
  });

  it('again and again in the test ends with the candidate refused', () => {
    const story = STORIES[0] as Story;
    const every = [run(story, []).moments.indexOf('before test in testing')];
    for (let boots = 0; boots < 10; boots++) {
      const next = run(story, every).moments.indexOf('before test in testing', (every.at(-1) as number) + 1);
      if (next < 0) break;
      every.push(next);
    }
    equal(every.length, 4);
    checkEnd({ ...story, ...REFUSED }, run(story, every));
  });
});
