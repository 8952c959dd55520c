/**
 * Sends the messages of a schedule, each at its moment. It is a thread because it sleeps in Atomics.wait, which is
 * exact to some 50 us; timers of the event loop are only to a millisecond or two.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { build } from 'hdr-histogram-js';
import { openMqtt, PROTOCOL_VERSION } from './mqtt-socket.ts';
import { inputTopic, keyOf, payloadMaker, publishPacket } from './payloads.ts';
import { dueMs, type Schedule, sensorOf, timestampMs } from './schedule.ts';

export type SenderPlan = { readonly port: number; readonly schedule: Schedule };

/**
 * First when message 0 will be sent, on process.hrtime, which all threads share; then when each was, milliseconds after
 * that, and how exact it was.
 */
export type SenderReport =
  | { readonly kind: 'starting'; readonly startNs: bigint }
  | { readonly kind: 'sent'; readonly sentMs: Float64Array; readonly latenessP99Us: number };

/** From the report of the start to the start: the receiver must know it before the first answer. */
const LEAD_MS = 100;
/** So often the event loop gets its turn, to send what the kernel did not take at once. */
const TURN_EVERY = 50;

const { port, schedule } = workerData as SenderPlan;
const say = (report: SenderReport) => parentPort?.postMessage(report);

const socket = await openMqtt(port, 'bench-sender');
const payload = payloadMaker('json');
const packets = Array.from({ length: schedule.count }, (_, i) => {
  const sensor = sensorOf(i);
  return publishPacket(inputTopic(sensor), payload(keyOf(sensor), timestampMs(schedule, i)), PROTOCOL_VERSION);
});
const lateness = build({ numberOfSignificantValueDigits: 3 });
const never = new Int32Array(new SharedArrayBuffer(4));
// Any message ends the sending early: whoever waits for something does not know before how long it takes.
let ended = false;
parentPort?.once('message', () => {
  ended = true;
});

const startNs = process.hrtime.bigint() + BigInt(LEAD_MS * 1e6);
const sinceStartMs = () => Number(process.hrtime.bigint() - startNs) / 1e6;
say({ kind: 'starting', startNs });

const sentMs: number[] = [];
for (const [i, packet] of packets.entries()) {
  const ahead = dueMs(schedule, i) - sinceStartMs();
  if (ahead > 0) Atomics.wait(never, 0, 0, ahead);
  socket.write(packet);
  const atMs = sinceStartMs();
  lateness.recordValue(Math.max(0, Math.round((atMs - dueMs(schedule, i)) * 1000)));
  sentMs.push(atMs);
  if (i % TURN_EVERY === 0) await turn();
  if (ended) break;
}
await new Promise<void>((resolve) => socket.end(() => resolve()));
say({ kind: 'sent', sentMs: Float64Array.from(sentMs), latenessP99Us: lateness.getValueAtPercentile(99) });
