import { join, resolve } from 'node:path';
import { FileAudit } from '../adapters/audit-file.ts';
import { FsSlotStore } from '../adapters/store/slot-store.ts';
import { FileTimeFloor } from '../adapters/store/time-floor.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { RolloutNeeds } from '../agent/edge-agent.ts';
import type { Part } from '../agent/lifecycle.ts';
import type { RolloutsConfig } from '../config/config.ts';
import { parsePackage } from '../package/parse.ts';
import { loadTrust } from '../package/trust.ts';
import { archiveBytes, unpackTo } from '../package/unpack.ts';
import { FolderVerifier } from '../package/verify.ts';
import type { Log } from '../ports/log.ts';

/** What the slots of this device share, and the part of its lifecycle that opens and closes it. */
export function makeRollouts(
  config: RolloutsConfig,
  { baseDir, stateDir, log }: { baseDir: string; stateDir: string; log: Log },
): { readonly needs: RolloutNeeds; readonly part: Part } {
  const clock = systemClock;
  const store = new FsSlotStore({
    folder: join(stateDir, 'models'),
    parse: parsePackage,
    archive: { bytes: archiveBytes, unpack: unpackTo },
    log,
  });
  const audit = new FileAudit({ file: join(stateDir, 'audit.jsonl'), clock, log });
  const timeFloor = new FileTimeFloor({ file: join(stateDir, 'time-floor.json'), clock, log });
  const verifier = new FolderVerifier({ trust: () => loadTrust(resolve(baseDir, config.trust)) });
  return {
    needs: { store, verifier, audit, groups: config.groups, timeFloor: () => timeFloor.now() },
    part: {
      name: 'rollouts',
      start: async () => {
        await timeFloor.start();
        await audit.start();
        await store.start();
      },
      stop: async () => {
        await store.stop();
        await audit.stop();
        await timeFloor.stop();
      },
    },
  };
}
