import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseConfig } from '../../../src/config/load.ts';
import type { AgentSpec } from '../../../src/domain/agent-spec.ts';
import { skip } from '../../skip.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const FOLDER = join(ROOT, 'examples');
const SCHEMA_LINE = /^# yaml-language-server: \$schema=(.+)\n/;

describe('the examples', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));

  it('are three at least', () => assert.ok(files.length >= 3, files.join()));

  for (const file of files) {
    const text = readFileSync(join(FOLDER, file), 'utf8');

    it(`${file} is a good configuration`, () => {
      const checked = parseConfig(text);
      assert.ok(checked.ok, checked.ok ? '' : JSON.stringify(checked.problems, undefined, 2));
    });

    it(`${file} tells editors where the schema is`, () => {
      const schema = SCHEMA_LINE.exec(text)?.[1];
      assert.ok(schema !== undefined && existsSync(join(FOLDER, schema)), schema);
    });

    it(`${file} asks its model for labels and variants that this has`, function () {
      for (const agent of agentsOf(text)) {
        const path = join(ROOT, 'artifacts', agent.model.path, 'manifest.json');
        if (!existsSync(path)) skip(this, `${agent.model.path} is not built yet`);
        const { output, variants } = JSON.parse(readFileSync(path, 'utf8'));
        const labels = agent.decisions.alarms.flatMap((rule) => rule.labels ?? []);
        assert.deepEqual(
          labels.filter((label) => !output.labels.includes(label)),
          [],
        );
        const ids: string[] = variants.map(({ id }: { id: string }) => id);
        assert.ok(agent.model.variant === undefined || ids.includes(agent.model.variant), agent.model.variant);
      }
    });
  }
});

function agentsOf(text: string): readonly AgentSpec[] {
  const checked = parseConfig(text);
  assert.ok(checked.ok);
  return checked.value.agents;
}
