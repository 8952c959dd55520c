/** Verifies and stages one package, as an agent does, in a process of its own: its memory is nobody else's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { FsSlotStore } from '../../src/adapters/store/slot-store.ts';
import { given } from '../../src/domain/errors.ts';
import { parsePackage } from '../../src/package/parse.ts';
import { loadTrust } from '../../src/package/trust.ts';
import { archiveBytes, unpackTo } from '../../src/package/unpack.ts';
import { FolderVerifier } from '../../src/package/verify.ts';
import type { Log } from '../../src/ports/log.ts';

export type StagePlan = { readonly folder: string; readonly trust: string; readonly store: string };
export type Staged = { readonly verifyMs: number; readonly stageMs: number; readonly grownMb: number };

const KB = 1024;

const plan: StagePlan = JSON.parse(process.argv[2] ?? '{}');
const verifier = new FolderVerifier({ trust: () => loadTrust(plan.trust) });
const archive = { bytes: archiveBytes, unpack: unpackTo };
const store = new FsSlotStore({ folder: plan.store, parse: parsePackage, archive, log: silent() });
await store.start();

// proc(5), clear_refs: the peak starts again from what is resident now. Before that it is the peak of the start.
writeFileSync('/proc/self/clear_refs', '5');
const residentBefore = memory('VmRSS');
const startedMs = performance.now();
const context = { nowMs: Date.now(), releaseFloor: 0, groups: [], thing: 'bench', newInstall: true };
const { ref, files } = given(await verifier.verify(plan.folder, context));
const verifiedMs = performance.now();
given(await store.stage('bench', plan.folder, ref, files));
const stagedMs = performance.now();

const grownMb = ((memory('VmHWM') - residentBefore) * KB) / 1e6;
const staged: Staged = { verifyMs: verifiedMs - startedMs, stageMs: stagedMs - verifiedMs, grownMb };
process.send?.(staged);
process.once('disconnect', () => process.exit());

/** A line of /proc/self/status, KB. */
function memory(name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
}

function silent(): Log {
  const nothing = () => {};
  return { debug: nothing, info: nothing, warn: nothing, error: nothing, child: silent, setLevel: nothing };
}
