import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModelPackage } from '../../../bench/model.ts';
import { openPackage, readVariant } from '../../../src/package/load.ts';

describe('the model of the benchmarks', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-model-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is a model package that the agent accepts', async () => {
    const opened = await openPackage(writeModelPackage(folder));
    assert.ok(opened.ok, JSON.stringify(opened));
    const variant = await readVariant(opened.value, undefined);
    assert.ok(variant.ok, JSON.stringify(variant));
  });

  it('is the same in every run', async () => {
    const first = await openPackage(writeModelPackage(join(folder, 'first')));
    const second = await openPackage(writeModelPackage(join(folder, 'second')));
    assert.ok(first.ok && second.ok);
    assert.deepEqual(first.value.manifest, second.value.manifest);
    assert.deepEqual(first.value.golden, second.value.golden);
  });
});
