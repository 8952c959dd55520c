import type { Audit, AuditEntry } from '../../src/ports/audit.ts';

/** An audit log that keeps its entries. */
export class FakeAudit implements Audit {
  readonly entries: AuditEntry[] = [];
  running = false;

  /** The events so far, in order. */
  get events(): readonly string[] {
    return this.entries.map((entry) => entry.event);
  }

  async start(): Promise<void> {
    this.running = true;
  }

  async stop(): Promise<void> {
    this.running = false;
  }

  async append(entry: AuditEntry): Promise<void> {
    this.entries.push(entry);
  }
}
