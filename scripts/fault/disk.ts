import { join } from 'node:path';
import { FileAudit } from '../../src/adapters/audit-file.ts';
import { pinoLog } from '../../src/adapters/pino-log.ts';
import { FILES, packageName } from '../../src/adapters/store/staged.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { makeRollouts } from '../../src/compose/rollouts.ts';
import type { ModelRef, SlotRecord } from '../../src/domain/rollout.ts';
import { SLOT } from '../../test/fixtures/rollout-fault/line.ts';

export type Disk = { readonly record: SlotRecord | undefined; readonly faults: readonly string[] };

/**
 * Looks at what a dead device left: the record can be read, and every model that it counts on is complete and genuine.
 * Writes nothing.
 */
export async function readDisk(folder: string, stateDir: string): Promise<Disk> {
  const config = { trust: join(folder, 'trust.json'), groups: [], inbox: undefined };
  const log = pinoLog({ level: 'silent' });
  const audit = new FileAudit({ file: join(stateDir, 'audit.jsonl'), clock: systemClock, log }); // never started: nothing is written
  const { store, verifier } = makeRollouts(config, {
    baseDir: folder,
    stateDir,
    audit,
    log,
  }).needs;
  const loaded = await store.load(SLOT);
  if (!loaded.ok) return { record: undefined, faults: [`the record: ${loaded.error.message}`] };
  const record = loaded.value;
  const faults: string[] = [];
  for (const role of ['active', 'previous', 'older'] as const) {
    const ref = record?.[role];
    if (ref === undefined) continue;
    const fault = (await readable(ref)) ?? (await genuine(ref));
    if (fault !== undefined) faults.push(`${role} ${ref.version}: ${fault}`);
  }
  return { record, faults };

  async function readable(ref: ModelRef): Promise<string | undefined> {
    const read = await store.read(SLOT, ref, undefined);
    return read.ok ? undefined : read.error.message;
  }

  async function genuine(ref: ModelRef): Promise<string | undefined> {
    const kept = join(stateDir, 'models', SLOT, 'packages', packageName(ref), FILES);
    const context = { nowMs: Date.now(), releaseFloor: 0, groups: [], thing: 'line-1', newInstall: false };
    const verified = await verifier.verify(kept, context);
    if (!verified.ok) return verified.error.message;
    return verified.value.ref.digest === ref.digest ? undefined : 'it is another package';
  }
}
