import assert from 'node:assert/strict';
import { Inbox } from '../../../src/agent/inbox.ts';
import { fail } from '../../../src/domain/errors.ts';
import { FakeAudit } from '../../fakes/audit.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeInbox } from '../../fakes/inbox.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeRollouts } from '../../fakes/rollouts.ts';

const LOOK = 2_000;

describe('the inbox', () => {
  it('rolls out what is put into it, and says by its name how that ended', async () => {
    const { folder, rollouts, clock } = await start();
    const id = folder.put('bearing.zip');
    await clock.advance(LOOK);
    assert.deepEqual(rollouts.asked, [{ id, source: '/inbox/press/bearing.zip', force: false }]);
    await clock.advance(10 * LOOK);
    assert.equal(rollouts.asked.length, 1, 'once');
    rollouts.end(id, 'committed');
    await clock.advance(0);
    assert.deepEqual(folder.settled, ['bearing.zip.committed']);
  });

  for (const outcome of ['refused', 'rolledBack', 'cancelled', 'superseded'] as const) {
    it(`calls what was ${outcome} so`, async () => {
      const { folder, rollouts, clock } = await start();
      const id = folder.put('bearing');
      await clock.advance(LOOK);
      rollouts.end(id, outcome);
      await clock.advance(0);
      assert.deepEqual(folder.settled, [`bearing.${outcome}`]);
    });
  }

  it('takes up what lies there at the start', async () => {
    const folder = new FakeInbox();
    const id = folder.put('bearing.zip');
    const { rollouts } = await start({ folder });
    assert.equal(rollouts.asked[0]?.id, id);
  });

  it('asks for several in the order in which they came, so that the last wins', async () => {
    const { folder, rollouts, clock } = await start();
    const ids = [folder.put('b.zip'), folder.put('a.zip')];
    await clock.advance(LOOK);
    assert.deepEqual(
      rollouts.asked.map(({ id }) => id),
      ids,
    );
  });

  it('takes a second package of the same name for another one', async () => {
    const { folder, rollouts, clock } = await start();
    rollouts.end(await putAndLook('1'), 'refused');
    rollouts.end(await putAndLook('2'), 'committed');
    await clock.advance(0);
    assert.deepEqual(folder.settled, ['bearing.zip.refused', 'bearing.zip.committed']);

    async function putAndLook(stamp: string): Promise<string> {
      const id = folder.put('bearing.zip', stamp);
      await clock.advance(LOOK);
      return id;
    }
  });

  it('leaves a package alone when the agent stops, and joins its rollout after the next start', async () => {
    const first = await start();
    const id = first.folder.put('bearing.zip');
    await first.clock.advance(LOOK);
    await first.inbox.stop();
    first.rollouts.settle(id, fail('E_ROLLOUT_INTERRUPTED'));
    await first.clock.advance(LOOK);
    assert.deepEqual(first.folder.settled, []);
    assert.equal(first.clock.pending, 0);

    const second = await start({ folder: first.folder });
    assert.equal(second.rollouts.asked[0]?.id, id);
    second.rollouts.end(id, 'rolledBack');
    await second.clock.advance(0);
    assert.deepEqual(first.folder.settled, ['bearing.zip.rolledBack']);
  });

  it('touches nothing after its stop', async () => {
    const { folder, rollouts, clock, inbox } = await start();
    const id = folder.put('bearing.zip');
    await clock.advance(LOOK);
    await inbox.stop();
    rollouts.end(id, 'committed');
    await clock.advance(LOOK);
    assert.deepEqual(folder.settled, []);
  });

  it('asks again for what may work later, and says so once', async () => {
    const { folder, rollouts, clock, log, audit } = await start();
    rollouts.request = async (request) => {
      rollouts.asked.push(request);
      return fail('E_STATE_IO');
    };
    folder.put('bearing.zip');
    await clock.advance(5 * LOOK);
    assert.equal(rollouts.asked.length, 5);
    assert.equal(log.lines.length, 2);
    assert.equal(audit.entries.length, 2);
    assert.deepEqual(folder.settled, []);
  });

  it('renames again what could not be renamed, without asking for it again', async () => {
    const { folder, rollouts, clock } = await start();
    folder.readOnly = true;
    const id = folder.put('bearing.zip');
    await clock.advance(LOOK);
    rollouts.end(id, 'committed');
    await clock.advance(2 * LOOK);
    folder.readOnly = false;
    await clock.advance(LOOK);
    assert.equal(rollouts.asked.length, 1);
    assert.deepEqual(new Set(folder.settled), new Set(['bearing.zip.committed']));
    assert.deepEqual(folder.packages, []);
  });

  it('writes to the audit log what came and how it ended', async () => {
    const { folder, rollouts, clock, audit } = await start();
    const id = folder.put('bad name.zip');
    await clock.advance(LOOK);
    rollouts.end('inbox:bad_name.zip:1', 'refused');
    await clock.advance(0);
    assert.notEqual(id, 'inbox:bad_name.zip:1', 'an id holds no blanks');
    assert.deepEqual(
      audit.entries.map(({ event, facts }) => [event, facts['by'], facts['status'], facts['code']]),
      [
        ['command', 'inbox', 'accepted', undefined],
        ['command', 'inbox', 'failed', 'E_ROLLOUT_GATE'],
      ],
    );
  });
});

async function start({ folder = new FakeInbox() } = {}) {
  const clock = new FakeClock();
  const rollouts = new FakeRollouts();
  const log = new FakeLog();
  const audit = new FakeAudit();
  const inbox = new Inbox({ agent: 'press', inbox: folder, rollouts, clock, log, audit });
  await inbox.start();
  await clock.advance(0);
  return { inbox, folder, rollouts, clock, log, audit };
}
