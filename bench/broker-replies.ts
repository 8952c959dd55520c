import mqttPacket from 'mqtt-packet';

/** MQTT 3.1.1, 3.1.2: the version follows the name of the protocol. */
export function protocolVersion(buffer: Buffer, body: number): number {
  return buffer[body + 2 + buffer.readUInt16BE(body)] ?? 4;
}

/** Parses one whole packet: only for the few that are no messages. */
export function parsed(bytes: Buffer, version: number): mqttPacket.Packet | undefined {
  let found: mqttPacket.Packet | undefined;
  const parser = mqttPacket.parser({ protocolVersion: version });
  parser.on('packet', (packet: mqttPacket.Packet) => {
    found = packet;
  });
  parser.parse(bytes);
  return found;
}

/** What a broker sends back, encoded; undefined where it says nothing. */
export function replyTo(packet: mqttPacket.Packet | undefined, version: number): Buffer | undefined {
  const reply = answer(packet);
  return reply && mqttPacket.generate(reply, { protocolVersion: version });
}

function answer(packet: mqttPacket.Packet | undefined): mqttPacket.Packet | undefined {
  switch (packet?.cmd) {
    case 'connect':
      return { cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false };
    case 'subscribe':
      return { cmd: 'suback', messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(({ qos }) => qos) };
    case 'publish':
      return packet.qos === 1 ? { cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode: 0 } : undefined;
    case 'pingreq':
      return { cmd: 'pingresp' };
    default:
      return undefined;
  }
}
