import assert from 'node:assert/strict';
import type { EdgeAgent } from '../../../src/agent/edge-agent.ts';
import { Steering } from '../../../src/agent/steering.ts';
import { ok } from '../../../src/domain/errors.ts';
import { FakeControls } from '../../fakes/controls.ts';
import { FakeLog } from '../../fakes/log.ts';

function steering() {
  const log = new FakeLog();
  const device = new FakeControls(['press', 'lathe']);
  const signals: AbortSignal[] = [];
  const steered = new Steering({
    version: '1.2.3',
    startedAtMs: 17,
    logLevel: 'info',
    log,
    health: () => device.healthOf,
    agents: () => [...device.agents.values()] as unknown as readonly EdgeAgent[],
    reload: async (signal) => {
      signals.push(signal);
      return ok({ applied: ['log.level'], refused: [] });
    },
  });
  return { steered, log, signals };
}

describe('steering a device', () => {
  it('finds its agents by name', () => {
    assert.deepEqual([...steering().steered.agents.keys()], ['press', 'lathe']);
  });

  it('tells version, start and health', () => {
    const { steered } = steering();
    assert.deepEqual([steered.version, steered.startedAtMs, steered.health().verdict], ['1.2.3', 17, 'healthy']);
  });

  it('is active until it is told to observe', () => {
    const { steered } = steering();
    assert.equal(steered.mode, 'active');
    steered.setMode('observe');
    assert.equal(steered.mode, 'observe');
  });

  it('sets the level of the log itself, and remembers it', () => {
    const { steered, log } = steering();
    assert.equal(steered.logLevel, 'info');
    steered.setLogLevel('debug');
    assert.deepEqual([steered.logLevel, log.level], ['debug', 'debug']);
  });

  it('hands a reload on, with the signal that ends it', async () => {
    const { steered, signals } = steering();
    const { signal } = new AbortController();
    assert.deepEqual(await steered.reload(signal), ok({ applied: ['log.level'], refused: [] }));
    assert.deepEqual(signals, [signal]);
  });
});
