import { join } from 'node:path';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { SlotRecord } from '../../domain/rollout.ts';
import { makeFolder, replaceFile, replaceFileLazily } from '../../files/durable.ts';
import { seal, unseal } from '../../files/sealed.ts';
import type { Log } from '../../ports/log.ts';
import { codeOf, ioFailure, readHashed } from './io.ts';

const RECORD = 'record.json';
const BACKUP = 'record.backup.json';

/** Reads the record of a slot; a damaged or lost one is read from its backup. Undefined where neither file is there. */
export async function loadRecord(folder: string, slot: string, log: Log): Promise<Result<SlotRecord | undefined>> {
  const record = await readRecord(join(folder, RECORD), slot);
  if (!record.ok || typeof record.value === 'object') return record as Result<SlotRecord>;
  const backup = await readRecord(join(folder, BACKUP), slot);
  if (!backup.ok) return backup;
  if (typeof backup.value === 'object') {
    log.error({ slot, record: record.value }, 'record of a slot read from its backup');
    return ok(backup.value);
  }
  if (record.value === 'missing' && backup.value === 'missing') return ok(undefined);
  return fail('E_STATE_DAMAGED', `${join(folder, RECORD)} is ${record.value}, its backup is ${backup.value}`);
}

/**
 * Replaces the record, durably, then its backup. The backup is against damage of a record that was sound: it need not
 * be synced, which would make each step of a rollout take twice as long.
 */
export async function saveRecord(folder: string, record: SlotRecord, log: Log): Promise<Result<void>> {
  const text = seal(record);
  try {
    await makeFolder(folder);
    await replaceFile(join(folder, RECORD), text);
  } catch (thrown) {
    return { ok: false, error: ioFailure(thrown) };
  }
  try {
    await replaceFileLazily(join(folder, BACKUP), text);
  } catch (thrown) {
    // The record itself is safe: whoever waits for it may act.
    log.warn({ slot: record.slot, error: ioFailure(thrown) }, 'backup of a slot record not written');
  }
  return ok(undefined);
}

async function readRecord(file: string, slot: string): Promise<Result<SlotRecord | 'missing' | 'damaged'>> {
  try {
    const { bytes } = await readHashed(file);
    const record = unseal<SlotRecord>(bytes.toString());
    return ok(record?.slot === slot ? record : 'damaged');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return ok('missing');
    // A bad sector reads as EIO: the backup lies elsewhere.
    return codeOf(thrown) === 'EIO' ? ok('damaged') : { ok: false, error: ioFailure(thrown) };
  }
}
