import { join, resolve } from 'node:path';
import { InboxFolder } from '../adapters/inbox-folder.ts';
import { FsSlotStore } from '../adapters/store/slot-store.ts';
import { FileTimeFloor } from '../adapters/store/time-floor.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { EdgeAgent, RolloutNeeds } from '../agent/edge-agent.ts';
import { Inbox } from '../agent/inbox.ts';
import type { Part } from '../agent/lifecycle.ts';
import type { RolloutsConfig } from '../config/config.ts';
import { parsePackage } from '../package/parse.ts';
import { loadTrust } from '../package/trust.ts';
import { archiveBytes, unpackTo } from '../package/unpack.ts';
import { FolderVerifier } from '../package/verify.ts';
import type { Audit } from '../ports/audit.ts';
import type { Log } from '../ports/log.ts';

/** What the slots of this device share, and the part of its lifecycle that opens and closes it. */
export function makeRollouts(
  config: RolloutsConfig,
  { baseDir, stateDir, audit, log }: { baseDir: string; stateDir: string; audit: Audit; log: Log },
): { readonly needs: RolloutNeeds; readonly part: Part } {
  const clock = systemClock;
  const store = new FsSlotStore({
    folder: join(stateDir, 'models'),
    parse: parsePackage,
    archive: { bytes: archiveBytes, unpack: unpackTo },
    log,
  });
  const timeFloor = new FileTimeFloor({ file: join(stateDir, 'time-floor.json'), clock, log });
  const verifier = new FolderVerifier({ trust: () => loadTrust(resolve(baseDir, config.trust)) });
  return {
    needs: { store, verifier, audit, groups: config.groups, timeFloor: () => timeFloor.now() },
    part: {
      name: 'rollouts',
      start: async () => {
        await timeFloor.start();
        await store.start();
      },
      stop: async () => {
        await store.stop();
        await timeFloor.stop();
      },
    },
  };
}

/** A folder for each agent, looked through for packages; nothing where the configuration names no inbox. */
export function makeInboxes(
  folder: string | undefined,
  { agents, baseDir, audit, log }: { agents: readonly EdgeAgent[]; baseDir: string; audit: Audit; log: Log },
): readonly Part[] {
  if (folder === undefined) return [];
  return agents.flatMap(({ name, rollouts }) => {
    if (rollouts === undefined) return [];
    const inbox = new InboxFolder({ folder: join(resolve(baseDir, folder), name), log });
    const watched = new Inbox({ agent: name, inbox, rollouts, clock: systemClock, log, audit });
    return [{ name: `inbox of ${name}`, start: () => watched.start(), stop: () => watched.stop() }];
  });
}
