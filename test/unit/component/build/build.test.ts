import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ARCHITECTURES } from '../../../../src/component/build/architecture.ts';
import { buildComponents } from '../../../../src/component/build/build.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');

describe('a build that cannot be done', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-build-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const reason = async (out: string, signal = new AbortController().signal) => {
    const components = ['com.openclaw.edge.model.BearingFault'];
    const options = { root: ROOT, out, components, architectures: ARCHITECTURES, progress: () => {}, signal };
    const built = await buildComponents(options);
    return built.ok ? 'built' : `${built.error.code} ${built.error.message}`;
  };

  it('tells what the disk has against it', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    assert.match(await reason(file), /^E_COMPONENT_BUILD .*ENOTDIR/);
  });

  it('tells that it was interrupted', async () => {
    assert.match(await reason(join(folder, 'out'), AbortSignal.abort()), /^E_COMPONENT_BUILD .*interrupted/);
  });
});
