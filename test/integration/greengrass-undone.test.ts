import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CoreDevice } from '../fixtures/core-device.ts';

const OTHER = 'com.example.Conveyor';
const BROKEN = `
RecipeFormatVersion: "2020-01-25"
ComponentName: ${OTHER}
ComponentVersion: "1.0.0"
Manifests:
  - Platform: { os: linux, runtime: "*" }
    Lifecycle:
      startup: { Script: sleep 2; exit 1 }
`;

describe('A deployment of a good model that fails for another component', function () {
  this.timeout(120_000);

  it('is undone by the classic nucleus, and the agent goes back with it: one step back is no downgrade', async () => {
    const device = await CoreDevice.working('classic');
    try {
      await writeFile(join(device.components.recipes, `${OTHER}-1.0.0.yaml`), BROKEN);
      const both = device.cloud.document({ model: '1.1.0' });
      const components = { ...both.components, [OTHER]: { version: '1.0.0' } };
      const ended = await device.nucleus.deploy({ ...both, components });
      assert.equal(ended.status, 'FAILED_ROLLBACK_COMPLETE', ended.reason);
      await device.answering('1.0.0');
      const { active, quarantine } = (await device.slot()) ?? {};
      assert.deepEqual([active?.version, quarantine], ['1.0.0', []]);
    } catch (cause) {
      await device.tellLogs();
      throw cause;
    } finally {
      await device.stop();
    }
  });
});
