import assert from 'node:assert/strict';
import { ConfigurationLife, LONGEST_WAIT_MS } from '../../../src/compose/configuration-life.ts';
import { checkConfig } from '../../../src/config/load.ts';
import type { Problem } from '../../../src/config/problems.ts';
import { type Failure, fail, ok, type Result } from '../../../src/domain/errors.ts';
import type { Objection } from '../../../src/ports/configuration-source.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

const GOOD = { agents: [{ name: 'press' }] };
const BAD = { agents: [{ name: 'press', qeue: {} }] };

class Bench {
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  delivered: Result<unknown> = ok(GOOD);
  later: readonly string[] = [];
  objections: readonly string[] = [];
  refusesToTakeUp: Failure | undefined;
  unsettled: string | undefined;
  taken = 0;
  readonly accepted: unknown[] = [];
  acceptedForLater = 0;
  readonly refused: { readonly error: Failure; readonly problems: readonly Problem[] }[] = [];
  changed: () => void = () => {};
  propose: (proposed: unknown) => Promise<Objection> = async () => undefined;
  readonly life = new ConfigurationLife({
    source: {
      start: async () => {},
      stop: async () => {},
      onChange: (listener) => {
        this.changed = listener;
        return () => {
          this.changed = () => {};
        };
      },
      onProposal: (check) => {
        this.propose = check;
        return () => {};
      },
    },
    configuration: {
      read: async () => {
        const { delivered } = this;
        if (!delivered.ok) return { delivered: undefined, checked: { ...delivered, problems: [] } };
        return { delivered: delivered.value, checked: checkConfig(delivered.value) };
      },
      accept: async ({ delivered }) => void this.accepted.push(delivered),
      acceptLater: () => void this.acceptedForLater++,
      refuse: (refused) => void this.refused.push(refused),
    },
    check: checkConfig,
    device: {
      takeUp: () => {
        if (this.refusesToTakeUp !== undefined) return { ok: false, error: this.refusesToTakeUp };
        this.taken++;
        return ok({ applied: [], refused: this.later.map((path) => ({ path, reason: 'as the test wants' })) });
      },
      objectionsTo: () => this.objections,
      unsettled: () => this.unsettled,
    },
    clock: this.clock,
    log: this.log,
  });

  async deliver(delivered: Result<unknown>, later: readonly string[] = []): Promise<void> {
    this.delivered = delivered;
    this.later = later;
    this.changed();
    for (let turn = 0; turn < 10; turn++) await this.clock.advance(0);
  }
}

describe('a configuration that changes while the component runs', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = new Bench();
    await bench.life.start();
  });
  afterEach(() => bench.life.stop());

  it('is taken up and kept', async () => {
    await bench.deliver(ok(GOOD));
    assert.deepEqual([bench.taken, bench.accepted, bench.life.restart.aborted], [1, [GOOD], false]);
  });

  it('changes nothing when it is bad', async () => {
    await bench.deliver(ok(BAD));
    assert.deepEqual([bench.taken, bench.accepted, bench.refused.length], [0, [], 1]);
    assert.equal(bench.refused[0]?.problems[0]?.path, 'agents[0].qeue');
  });

  it('changes nothing when the models do not fit it', async () => {
    bench.refusesToTakeUp = { code: 'E_CONFIG_INVALID', message: 'no such label' };
    await bench.deliver(ok(GOOD));
    assert.deepEqual([bench.accepted, bench.refused[0]?.error.message], [[], 'no such label']);
  });

  it('is refused when it can never be read', async () => {
    await bench.deliver(fail('E_IPC_TOO_LARGE'));
    assert.deepEqual([bench.taken, bench.refused[0]?.error.code], [0, 'E_IPC_TOO_LARGE']);
  });

  it('is neither refused nor accepted when it cannot be read', async () => {
    await bench.deliver(fail('E_IPC_OFFLINE'));
    assert.deepEqual([bench.taken, bench.refused], [0, []]);
    assert.deepEqual(bench.log.events, ['changed configuration not read']);
  });

  it('is read again when it could not be read: nobody tells the same change twice', async () => {
    await bench.deliver(fail('E_IPC_OFFLINE'));
    bench.delivered = ok(GOOD);
    await bench.clock.advance(60_000);
    assert.deepEqual([bench.taken, bench.accepted], [1, [GOOD]]);
    await bench.deliver(fail('E_IPC_TIMEOUT'));
    await bench.life.stop();
    assert.equal(bench.clock.pending, 0);
  });

  it('has the device start anew for what cannot change now', async () => {
    await bench.deliver(ok(GOOD), ['bus.url']);
    assert.ok(bench.life.restart.aborted);
    assert.deepEqual([bench.accepted, bench.acceptedForLater], [[], 1], 'what has not run yet is not fallen back to');
  });

  it('is refused when a model has something against what takes effect at a start only', async () => {
    bench.objections = ['agents.press: input a has 3 pointers', 'agents.saw: two'];
    await bench.deliver(ok(GOOD), ['agents[0].inputs']);
    assert.deepEqual([bench.taken, bench.acceptedForLater, bench.life.restart.aborted], [0, 0, false]);
    assert.match(bench.refused[0]?.error.message ?? '', /3 pointers; agents\.saw: two/);
  });

  it('waits with that while a model is between its swap and its commit', async () => {
    bench.unsettled = 'agent press is watching';
    await bench.deliver(ok(GOOD), ['bus.url']);
    await bench.clock.advance(60_000);
    assert.equal(bench.life.restart.aborted, false);
    bench.unsettled = undefined;
    await bench.clock.advance(1_000);
    assert.ok(bench.life.restart.aborted);
  });

  it('does not wait for ever', async () => {
    bench.unsettled = 'agent press is watching';
    await bench.deliver(ok(GOOD), ['bus.url']);
    await bench.clock.advance(LONGEST_WAIT_MS - 1_000);
    assert.equal(bench.life.restart.aborted, false);
    await bench.clock.advance(2_000);
    assert.ok(bench.life.restart.aborted);
  });

  it('needs no start any more when it is taken back in time', async () => {
    bench.unsettled = 'agent press is watching';
    await bench.deliver(ok(GOOD), ['bus.url']);
    await bench.deliver(ok(GOOD));
    bench.unsettled = undefined;
    await bench.clock.advance(60_000);
    assert.equal(bench.life.restart.aborted, false);
    assert.equal(bench.clock.pending, 0);
  });

  it('is refused with all reasons while it is only proposed', async () => {
    assert.match((await bench.propose(BAD)) ?? '', /agents\[0\]\.qeue is not a known key \(Did you mean queue\?\)/);
    assert.equal(await bench.propose(GOOD), undefined);
    bench.objections = ['agents.press: one', 'agents.saw: two'];
    assert.equal(await bench.propose(GOOD), 'agents.press: one; agents.saw: two');
    assert.equal(bench.taken, 0);
  });

  it('is followed no more after the stop', async () => {
    bench.unsettled = 'agent press is watching';
    await bench.deliver(ok(GOOD), ['bus.url']);
    await bench.life.stop();
    bench.unsettled = undefined;
    await bench.clock.advance(60_000);
    assert.equal(bench.life.restart.aborted, false);
  });
});
