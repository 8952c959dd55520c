import type { RolloutOutcome, SlotRecord } from '../../domain/rollout.ts';
import type { AuditEntry } from '../../ports/audit.ts';
import type { RolloutEvent } from '../../rollout/events.ts';

/** Writes one step of a rollout for the audit log. */
export function auditStep(at: number, event: RolloutEvent, before: SlotRecord, record: SlotRecord): AuditEntry {
  const { slot, state, active, candidate, request, failure } = record;
  const facts = {
    slot,
    on: event.type,
    from: before.state,
    to: state,
    ...known({ id: request?.id, active: active?.version, candidate: candidate?.version, digest: candidate?.digest }),
    ...known({ code: failure?.code, reason: failure?.message }),
  };
  return { at, event: 'rollout.step', facts };
}

/** Writes the end of a rollout for the audit log, with what decided it. */
export function auditOutcome(at: number, slot: string, outcome: RolloutOutcome): AuditEntry {
  const { id, ref, from, outcome: ending, code, reason, evidence, startedAtMs, endedAtMs } = outcome;
  const measured = evidence.map((one) => `${one.gate} ${one.measured}/${one.allowed} of ${one.samples}`).join('; ');
  const facts = {
    slot,
    id,
    outcome: ending,
    tookMs: endedAtMs - startedAtMs,
    ...known({ version: ref?.version, digest: ref?.digest, from: from?.version, code, reason, evidence: measured }),
  };
  return { at, event: 'rollout.ended', facts };
}

/** Leaves out what is not known. */
function known(facts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(facts).filter((fact): fact is [string, string] => (fact[1] ?? '') !== ''));
}
