/**
 * A broker's stand-in that costs next to nothing, in a process of its own: it floods whoever subscribes with messages
 * that were encoded before, and counts the answers. The load is a closed loop: a fixed number of unanswered messages.
 */
import { createServer, type Socket } from 'node:net';
import { parsed, protocolVersion, replyTo } from './broker-replies.ts';
import { ANSWER_TOPIC, type Format, INPUT_FILTER, inputTopic, keyOf, payloadMaker, publishPacket } from './payloads.ts';
import { PACKET, PacketScanner, packetQos, packetType } from './wire.ts';

export type FloodPlan = {
  readonly format: Format;
  readonly topics: number;
  /** Messages without an answer at most. */
  readonly inFlight: number;
  readonly warmupMs: number;
  readonly measureMs: number;
};

/** What the parent process is told, in this order; after `done` the broker stays up and silent until it is ended. */
export type FloodReport =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'first-answer' }
  | { readonly kind: 'measuring' }
  | { readonly kind: 'measured' }
  | { readonly kind: 'done'; readonly perSecond: number; readonly answered: number; readonly lost: number }
  | { readonly kind: 'stalled'; readonly sent: number; readonly answered: number };

/** Enough different messages that nothing is cached. At least twice what is in flight: see `#stamp`. */
const RING = 2_000;
/** Milliseconds since 1970 have so many digits until the year 2286. */
const TIME_DIGITS = 13;
const TIME_FIELD = '"ts":';
/** A smaller top-up than this part of the loop waits: big writes cost the feeder less. */
const TOP_UP = 1 / 8;
const STALL_MS = 5_000;
/** How long the last answers may take after the feeding has ended. */
const DRAIN_MS = 1_000;
const DRAIN_POLL_MS = 20;

const plan: FloodPlan = JSON.parse(process.argv[2] ?? '{}');
const say = (report: FloodReport) => process.send?.(report);

const server = createServer((socket) => serve(socket));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') say({ kind: 'listening', port: address.port });
});
// The parent holds the other end: without it nobody reads the result.
process.once('disconnect', () => process.exit());

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  const scanner = new PacketScanner();
  const answerTopic = Buffer.from(ANSWER_TOPIC);
  let version = 4;
  let flood: Flood | undefined;

  socket.on('data', (chunk) => {
    let answers = 0;
    scanner.feed(chunk, (buffer, start, body, end) => {
      if (isAnswer(buffer, start, body, answerTopic)) {
        answers++;
        return;
      }
      if (packetType(buffer, start) === PACKET.connect) version = protocolVersion(buffer, body);
      const packet = parsed(buffer.subarray(start, end), version);
      if (packet?.cmd === 'disconnect') socket.end();
      const reply = replyTo(packet, version);
      if (reply !== undefined) socket.write(reply);
      if (packet?.cmd === 'subscribe' && packet.subscriptions.some(({ topic }) => topic === INPUT_FILTER)) {
        flood = new Flood(socket, version);
        flood.start();
      }
    });
    if (answers > 0) flood?.answered(answers);
  });
}

class Flood {
  readonly #socket: Socket;
  readonly #ring: Buffer;
  /** Where each message of the ring starts, and the end of the last one. */
  readonly #starts: readonly number[];
  /** Where the time of each message is; empty where messages carry none. */
  readonly #times: readonly number[];
  #next = 0;
  #sent = 0;
  #answered = 0;
  #feeding = false;
  #stallTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, version: number) {
    this.#socket = socket;
    const payload = payloadMaker(plan.format);
    const now = Date.now();
    const packets = Array.from({ length: RING }, (_, i) => {
      const sensor = i % plan.topics;
      return publishPacket(inputTopic(sensor), payload(keyOf(sensor), now), version);
    });
    this.#ring = Buffer.concat(packets);
    let end = 0;
    this.#starts = [0, ...packets.map((packet) => (end += packet.length))];
    this.#times =
      plan.format === 'json'
        ? packets.map((packet, i) => (this.#starts[i] ?? 0) + packet.indexOf(TIME_FIELD) + TIME_FIELD.length)
        : [];
  }

  start(): void {
    this.#feeding = true;
    this.#stallTimer = setTimeout(() => this.#stalled(), STALL_MS);
    this.#topUp();
  }

  answered(count: number): void {
    if (this.#answered === 0) {
      say({ kind: 'first-answer' });
      setTimeout(() => this.#measure(), plan.warmupMs);
    }
    this.#answered += count;
    this.#stallTimer?.refresh();
    if (this.#feeding) this.#topUp();
  }

  #topUp(): void {
    const room = plan.inFlight - (this.#sent - this.#answered);
    if (room < plan.inFlight * TOP_UP) return;
    for (let left = room; left > 0; ) {
      const until = Math.min(RING, this.#next + left);
      this.#stamp(this.#next, until);
      this.#socket.write(this.#ring.subarray(this.#starts[this.#next], this.#starts[until]));
      left -= until - this.#next;
      this.#next = until % RING;
    }
    this.#sent += room;
  }

  /**
   * Puts the present time into messages: the time of a sensor that goes back is refused. What an earlier write still
   * holds is not touched, because it is unanswered and so in the other half of the ring.
   */
  #stamp(from: number, until: number): void {
    if (this.#times.length === 0) return;
    const now = Buffer.from(String(Date.now()));
    for (let i = from; i < until; i++) now.copy(this.#ring, this.#times[i], 0, TIME_DIGITS);
  }

  #measure(): void {
    const answeredBefore = this.#answered;
    const from = performance.now();
    say({ kind: 'measuring' });
    setTimeout(() => {
      const answered = this.#answered - answeredBefore;
      const perSecond = (answered * 1000) / (performance.now() - from);
      say({ kind: 'measured' });
      this.#feeding = false;
      clearTimeout(this.#stallTimer);
      this.#drain(performance.now() + DRAIN_MS, (lost) => say({ kind: 'done', perSecond, answered, lost }));
    }, plan.measureMs);
  }

  /** Waits for the last answers and tells how many never came. */
  #drain(deadline: number, tell: (lost: number) => void): void {
    const lost = this.#sent - this.#answered;
    if (lost === 0 || performance.now() > deadline) tell(lost);
    else setTimeout(() => this.#drain(deadline, tell), DRAIN_POLL_MS);
  }

  #stalled(): void {
    say({ kind: 'stalled', sent: this.#sent, answered: this.#answered });
  }
}

/** An answer is a PUBLISH of QoS 0 to the topic of the results; shadow and status messages are none. */
function isAnswer(buffer: Buffer, start: number, body: number, topic: Buffer): boolean {
  if (packetType(buffer, start) !== PACKET.publish || packetQos(buffer, start) !== 0) return false;
  return topic.compare(buffer, body + 2, body + 2 + buffer.readUInt16BE(body)) === 0;
}
