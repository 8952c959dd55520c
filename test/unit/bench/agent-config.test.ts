import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAgentConfig } from '../../../bench/agent-config.ts';
import { parseConfig } from '../../../src/config/load.ts';

describe('the configurations of the benchmarks', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const isolation of ['none', 'process'] as const) {
    for (const format of ['json', 'f32le'] as const) {
      it(`are accepted by the agent with isolation ${isolation} and ${format} payloads`, () => {
        const file = writeAgentConfig(folder, { port: 1883, isolation, format, modelFolder: join(folder, 'model') });
        const checked = parseConfig(readFileSync(file, 'utf8'));
        assert.ok(checked.ok, JSON.stringify(checked));
        assert.equal(checked.value.agents[0]?.runner.isolation, isolation);
        assert.equal(checked.value.agents[0]?.inputs[0]?.format, format);
      });
    }
  }

  it('take rollouts where a trust root is given', () => {
    const setting = { port: 1883, isolation: 'process', format: 'json', modelFolder: folder } as const;
    const file = writeAgentConfig(folder, { ...setting, trust: '/etc/trust.json', label: 'other' });
    const checked = parseConfig(readFileSync(file, 'utf8'));
    assert.ok(checked.ok, JSON.stringify(checked));
    assert.equal(checked.value.rollouts?.trust, '/etc/trust.json');
    assert.notEqual(file, writeAgentConfig(folder, setting));
  });
});
