import type { SlotRecord } from '../../src/domain/rollout.ts';
import type { LineAnswer } from '../../test/fixtures/rollout-fault/line.ts';
import type { Disk } from './disk.ts';
import { type Entry, type Named, namedBy } from './journal.ts';
import type { Path } from './paths.ts';
import { isTrue } from './releases.ts';

/** What the disk holds after a cut that it must never hold: it is what was saved last, and an active model is there. */
export function judgeDisk({ record, faults }: Disk, life: readonly Entry[], atStart: Disk, path: Path): string[] {
  const found = [...faults];
  if (path.from !== undefined && record?.active === undefined) found.push('no model is active');
  const [saved] = life.flatMap((entry) => ('saved' in entry ? [entry.saved] : [])).slice(-1);
  const due = JSON.stringify(saved ?? (atStart.record && namedBy(atStart.record)));
  const kept = JSON.stringify(record && namedBy(record));
  if (kept !== due) found.push(`${kept} is on disk, ${due} was saved`);
  return found;
}

/** What a device answered that it must not have: every window once, in order, by a model that may speak. */
export function judgeAnswers(entries: readonly Entry[], atStart: SlotRecord | undefined): string[] {
  const faults: string[] = [];
  const speakers = new Speakers(atStart);
  const next = new Map<string, number>();
  for (const entry of entries) {
    if ('saved' in entry) speakers.saved(entry.saved);
    if (!('answer' in entry)) continue;
    const { answer } = entry;
    const { key, seq, version } = answer;
    const due = next.get(key) ?? 0;
    if (seq !== due) faults.push(`${key}: window ${seq} was answered, ${due} was due`);
    next.set(key, seq + 1);
    if (!isTrue(answer)) faults.push(`${key} ${seq}: ${version} does not answer ${answer.label} ${answer.score}`);
    const why = speakers.answered(answer);
    if (why !== undefined) faults.push(`${key} ${seq}: ${why}`);
  }
  return faults;
}

/** How the rollout ended, against how it should. */
export function judgeEnd(record: SlotRecord | undefined, path: Path): string[] {
  const { last, quarantine = [] } = record ?? {};
  const seen = {
    state: record?.state,
    outcome: last?.outcome,
    code: last?.code,
    active: record?.active?.version,
    previous: record?.previous?.version,
    quarantined: quarantine.map(({ ref }) => ref.version).join(),
  };
  const due = { ...path, state: 'idle', quarantined: path.quarantined.join() };
  return Object.entries(seen)
    .filter(([field, value]) => value !== due[field as keyof typeof seen])
    .map(([field, value]) => `${field} is ${value}, not ${due[field as keyof typeof seen]}`);
}

/** Which version may answer: the active one; around a swap also the one that comes, and for its last batch the one that goes. */
class Speakers {
  #record: Named | undefined;
  #latest: string | undefined;
  /** Answered last before the record changed, and has a batch in flight perhaps. */
  #leaving: string | undefined;

  constructor(atStart: SlotRecord | undefined) {
    this.#record = atStart && namedBy(atStart);
  }

  saved(record: Named): void {
    this.#record = record;
    this.#leaving = this.#latest;
  }

  /** Tells what is wrong with it. */
  answered({ version }: LineAnswer): string | undefined {
    const { state, active, candidate } = this.#record ?? {};
    this.#latest = version;
    if (version === active) {
      this.#leaving = undefined;
      return undefined;
    }
    if (state === 'swapping' && version === candidate) return undefined;
    if ((state === 'watching' || state === 'rollingBack') && version === this.#leaving) return undefined;
    return `${version} answers while ${active} is active, ${state}`;
  }
}
