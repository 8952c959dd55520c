/** Answers every message with the same bytes and computes nothing: what the feeder alone can do. */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import mqttPacket from 'mqtt-packet';
import { ANSWER_TOPIC, INPUT_FILTER, publishPacket } from './payloads.ts';
import { PACKET, PacketScanner, packetType } from './wire.ts';

/** As long as a real answer. */
const ANSWER_BYTES = 350;
const PROTOCOL_VERSION = 4;

const { values: flags } = parseArgs({ options: { port: { type: 'string' }, model: { type: 'string' } } });

const answer = publishPacket(ANSWER_TOPIC, Buffer.alloc(ANSWER_BYTES, 'x'), PROTOCOL_VERSION);
const scanner = new PacketScanner();
const socket = connect(Number(flags.port), '127.0.0.1', () => {
  socket.setNoDelay(true);
  socket.write(
    mqttPacket.generate({
      cmd: 'connect',
      clientId: 'null',
      protocolVersion: PROTOCOL_VERSION,
      clean: true,
      keepalive: 0,
    }),
  );
  socket.write(
    mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: INPUT_FILTER, qos: 0 }] }),
  );
});

socket.on('data', (chunk) => {
  let questions = 0;
  scanner.feed(chunk, (buffer, start) => {
    if (packetType(buffer, start) === PACKET.publish) questions++;
  });
  if (questions > 0) socket.write(Buffer.concat(Array<Buffer>(questions).fill(answer)));
});
process.once('SIGTERM', () => process.exit());
