import assert from 'node:assert/strict';
import { ComponentConfiguration, refusal } from '../../../src/compose/component-configuration.ts';
import type { Config } from '../../../src/config/config.ts';
import { checkConfig } from '../../../src/config/load.ts';
import { fail, ok, type Result } from '../../../src/domain/errors.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

const GOOD = { agents: [{ name: 'press' }] };
const OTHER = { agents: [{ name: 'saw' }] };
const BAD = { agents: [{ name: 'press', qeue: {} }], stat: 'x' };

function bench(delivered: Result<unknown>, before?: unknown) {
  const clock = new FakeClock();
  const log = new FakeLog();
  const saved: unknown[] = [];
  const answers = { delivered, reads: 0 };
  const source = {
    read: async () => {
      answers.reads++;
      return answers.delivered;
    },
  };
  const kept = { load: async () => before, save: async (delivered: unknown) => void saved.push(delivered) };
  const configuration = new ComponentConfiguration({ source, kept, check: checkConfig, clock, log });
  const begin = () => configuration.begin(new AbortController().signal);
  return { clock, log, saved, answers, configuration, begin };
}

const names = (candidates: readonly { config: Config; from: string }[]) =>
  candidates.map(({ config, from }) => `${config.agents[0]?.name} ${from}`);

describe('the configuration of a component', () => {
  it('is tried as it is delivered, and then as it was kept', async () => {
    const { begin, configuration } = bench(ok(GOOD), OTHER);
    const { candidates, refused } = await begin();
    assert.deepEqual(names(candidates), ['press nucleus', 'saw kept']);
    assert.deepEqual([refused, configuration.report], [undefined, { accepted: true }]);
  });

  it('is the kept one when the delivered one is bad, and all reasons are told in one line', async () => {
    const { begin, configuration, log } = bench(ok(BAD), GOOD);
    const { candidates, refused } = await begin();
    assert.deepEqual(names(candidates), ['press kept']);
    assert.equal(refused?.problems.length, 2);
    assert.equal(log.lines.length, 1);
    const { report } = configuration;
    assert.equal(report.accepted, false);
    assert.deepEqual(report.accepted || report.problems, [
      'agents[0].qeue is not a known key (Did you mean queue?)',
      'stat is not a known key (Did you mean state?)',
    ]);
  });

  it('is tried once where the kept one is the very same', async () => {
    assert.deepEqual(names((await bench(ok(GOOD), structuredClone(GOOD)).begin()).candidates), ['press nucleus']);
  });

  it('may be none at all', async () => {
    const { candidates, refused } = await bench(ok(BAD)).begin();
    assert.deepEqual(candidates, []);
    assert.equal(refused?.error.code, 'E_CONFIG_INVALID');
  });

  it('is not the kept one when that is bad too, for a newer agent', async () => {
    assert.deepEqual((await bench(ok(BAD), BAD).begin()).candidates, []);
  });

  it('is waited for while the nucleus is not there yet', async () => {
    const { begin, clock, answers } = bench(fail('E_IPC_OFFLINE'));
    const begun = begin();
    await clock.advance(2_000);
    answers.delivered = ok(GOOD);
    await clock.advance(1_000);
    assert.deepEqual(names((await begun).candidates), ['press nucleus']);
    assert.ok(answers.reads > 2);
  });

  it('is the kept one when the nucleus does not come', async () => {
    const { begin, clock } = bench(fail('E_IPC_OFFLINE'), GOOD);
    const begun = begin();
    await clock.advance(31_000);
    assert.deepEqual(names((await begun).candidates), ['press kept']);
  });

  it('is not waited for when reading it makes no sense', async () => {
    const { begin, answers } = bench(fail('E_IPC_UNAUTHORIZED'));
    assert.equal((await begin()).refused?.error.code, 'E_IPC_UNAUTHORIZED');
    assert.equal(answers.reads, 1);
  });

  it('is no longer waited for when the process is to end', async () => {
    const { configuration, clock } = bench(fail('E_IPC_OFFLINE'));
    const abort = new AbortController();
    const begun = configuration.begin(abort.signal);
    await clock.advance(1_000);
    abort.abort();
    assert.deepEqual((await begun).candidates, []);
  });

  it('is kept once it runs; the kept one need not be kept again, and takes nothing back', async () => {
    const { configuration, begin, saved } = bench(ok(BAD), GOOD);
    await begin();
    await configuration.accept({ delivered: GOOD, from: 'kept' });
    assert.deepEqual([saved, configuration.report.accepted], [[], false]);
    await configuration.accept({ delivered: OTHER, from: 'nucleus' });
    assert.deepEqual([saved, configuration.report.accepted], [[OTHER], true]);
  });

  it('is not refused without a problem', () => {
    assert.equal(refusal([]), undefined);
  });
});
