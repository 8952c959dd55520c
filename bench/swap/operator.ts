import type { Socket } from 'node:net';
import { openMqtt, PROTOCOL_VERSION, subscribe } from '../mqtt-socket.ts';
import { publishPacket } from '../payloads.ts';
import { PACKET, PacketScanner, packetType, payloadStart } from '../wire.ts';

/** As the configuration of the benchmarks calls the device. */
const TOPIC = 'cmd/edge-agent/bench';
/** A command that is not answered by then is a failure of the run. */
const REPLY_MS = 60_000;

type Reply = {
  readonly id: string;
  readonly status: string;
  readonly result?: { readonly outcome?: string };
  readonly error?: { readonly code: string; readonly message: string };
};

export type Sent = {
  readonly sentNs: bigint;
  /** How the command ended; rejects when it never does. */
  readonly final: Promise<Reply>;
};

/** Sends commands to the agent, as a person or a fleet does. */
export class Operator {
  readonly #socket: Socket;
  readonly #scanner = new PacketScanner();
  readonly #waiting = new Map<string, (reply: Reply) => void>();
  #commands = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) =>
      this.#scanner.feed(chunk, (buffer, start, body, end) => {
        if (packetType(buffer, start) !== PACKET.publish) return;
        this.#heard(JSON.parse(buffer.toString('utf8', payloadStart(buffer, body, PROTOCOL_VERSION), end)));
      }),
    );
  }

  static async open(port: number): Promise<Operator> {
    const socket = await openMqtt(port, 'bench-operator');
    await subscribe(socket, `${TOPIC}/+/reply`);
    return new Operator(socket);
  }

  send(verb: string, args: object = {}): Sent {
    const id = `bench-${process.hrtime.bigint()}-${this.#commands++}`;
    const issuedAt = Date.now();
    const command = { id, verb, args, issuedAt, expiresAt: issuedAt + REPLY_MS };
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const late = setTimeout(() => reject(new Error(`no answer to ${verb} within ${REPLY_MS} ms`)), REPLY_MS).unref();
    this.#waiting.set(id, (reply) => {
      clearTimeout(late);
      resolve(reply);
    });
    const packet = publishPacket(`${TOPIC}/${verb}`, Buffer.from(JSON.stringify(command)), PROTOCOL_VERSION);
    const sentNs = process.hrtime.bigint();
    this.#socket.write(packet);
    return { sentNs, final: promise };
  }

  /** Publishes anything else, such as what the naive agent listens to. */
  publish(topic: string, payload: object): bigint {
    const sentNs = process.hrtime.bigint();
    this.#socket.write(publishPacket(topic, Buffer.from(JSON.stringify(payload)), PROTOCOL_VERSION));
    return sentNs;
  }

  close(): void {
    this.#socket.destroy();
  }

  #heard(reply: Reply): void {
    if (reply.status === 'accepted') return;
    this.#waiting.get(reply.id)?.(reply);
    this.#waiting.delete(reply.id);
  }
}
