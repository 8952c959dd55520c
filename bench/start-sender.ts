import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SenderPlan, SenderReport } from './sender.ts';

/** Starts the thread that sends `plan`, and waits for its reports one after another. */
export function startSender(plan: SenderPlan) {
  const worker = new Worker(new URL('sender.ts', import.meta.url), { workerData: plan });
  // Rejects the wait below when the thread throws.
  const reports: AsyncIterator<SenderReport[]> = on(worker, 'message');
  return {
    async next<K extends SenderReport['kind']>(kind: K): Promise<Extract<SenderReport, { kind: K }>> {
      const [report] = (await reports.next()).value;
      if (report.kind !== kind) throw new Error(`the sender says ${report.kind} and not ${kind}`);
      return report as Extract<SenderReport, { kind: K }>;
    },
    /** Sends no more; `sent` comes soon. */
    end: () => worker.postMessage('end'),
    stop: () => worker.terminate(),
  };
}
