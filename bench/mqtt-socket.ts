import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { PACKET, PacketScanner, packetType } from './wire.ts';

/** MQTT 3.1.1 */
export const PROTOCOL_VERSION = 4;

/** Opens a connection to a broker as thin as it can be: the load generator must not be what is measured. */
export async function openMqtt(port: number, clientId: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  // No keep-alive: it would need a timer, and the sender has no event loop while it waits.
  socket.write(
    mqttPacket.generate({ cmd: 'connect', clientId, protocolVersion: PROTOCOL_VERSION, clean: true, keepalive: 0 }),
  );
  await untilPacket(socket, PACKET.connack);
  return socket;
}

export async function subscribe(socket: Socket, topic: string): Promise<void> {
  socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] }));
  await untilPacket(socket, PACKET.suback);
}

function untilPacket(socket: Socket, type: number): Promise<void> {
  const scanner = new PacketScanner();
  return new Promise((resolve) => {
    const look = (chunk: Buffer) =>
      scanner.feed(chunk, (buffer, start) => {
        if (packetType(buffer, start) !== type) return;
        socket.off('data', look);
        resolve();
      });
    socket.on('data', look);
  });
}
