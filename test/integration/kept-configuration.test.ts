import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeptConfiguration } from '../../src/compose/kept-configuration.ts';
import { FakeLog } from '../fakes/log.ts';

describe('the configuration that a component keeps', () => {
  let folder: string;
  let log: FakeLog;
  let file: string;
  let kept: KeptConfiguration;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kept-'));
    log = new FakeLog();
    file = join(folder, 'state', 'greengrass-config.json');
    kept = new KeptConfiguration(file, log);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is there after a restart, exactly as it was delivered, and for this user alone', async () => {
    const delivered = { agents: [{ name: 'press', queue: null, batch: { max: 300.5 } }], 'odd key': ['é', ''] };
    await kept.save(delivered);
    assert.deepEqual(await new KeptConfiguration(file, log).load(), delivered);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it('is none before the first, and none when a byte of it has changed', async () => {
    assert.equal(await kept.load(), undefined);
    await kept.save({ thing: 'press' });
    await writeFile(file, (await readFile(file, 'utf8')).replace('press', 'prest'));
    assert.equal(await kept.load(), undefined);
    assert.deepEqual(log.events, ['the kept configuration is damaged']);
  });

  it('is not written again where nothing has changed', async () => {
    await kept.save({ thing: 'press' });
    const { ino } = await stat(file);
    await kept.save({ thing: 'press' });
    assert.equal((await stat(file)).ino, ino);
  });

  it('stops nothing when it cannot be kept', async () => {
    await writeFile(join(folder, 'state'), 'no folder');
    await kept.save({});
    assert.deepEqual(log.events, ['configuration not kept']);
  });
});
