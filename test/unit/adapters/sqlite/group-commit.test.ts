import assert from 'node:assert/strict';
import { GroupCommit } from '../../../../src/adapters/sqlite/group-commit.ts';
import { FakeClock } from '../../../fakes/clock.ts';

describe('the group commit', () => {
  let clock: FakeClock;
  let commits: number[];
  let group: GroupCommit;

  beforeEach(() => {
    clock = new FakeClock();
    commits = [];
    group = new GroupCommit({ clock, commit: () => commits.push(clock.monotonic()) });
  });

  it('commits once for all who asked in time', async () => {
    group.within(5);
    await clock.advance(3);
    group.within(5);
    await clock.advance(10);
    assert.deepEqual(commits, [5]);
  });

  it('commits earlier when somebody cannot wait as long', async () => {
    group.within(50);
    group.within(5);
    await clock.advance(100);
    assert.deepEqual(commits, [5]);
  });

  it('commits at once when told, and not again by the timer', async () => {
    group.within(5);
    group.now();
    await clock.advance(100);
    assert.deepEqual(commits, [0]);
  });

  it('leaves no timer behind when cancelled', async () => {
    group.within(5);
    group.cancel();
    assert.equal(clock.pending, 0);
  });
});
