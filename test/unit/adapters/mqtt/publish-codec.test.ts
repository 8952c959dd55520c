import assert from 'node:assert/strict';
import { generate, type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import { decodePublish } from '../../../../src/adapters/mqtt/decode-publish.ts';
import { PublishEncoder, sizeAcked } from '../../../../src/adapters/mqtt/encode-publish.ts';
import { type Frame, FrameReader } from '../../../../src/adapters/mqtt/frame-reader.ts';
import type { Outgoing } from '../../../../src/ports/bus.ts';

/** mqtt-packet is the second opinion in both directions. */
for (const version of [4, 5] as const) {
  describe(`PUBLISH of MQTT ${version === 4 ? '3.1.1' : '5'}`, () => {
    it('is encoded as mqtt-packet reads it', () => {
      const messages: Outgoing[] = [
        { topic: 'a/b', payload: 'text' },
        { topic: 'ä/ü', payload: 'größer', retain: true },
        { topic: 'a/b', payload: new Uint8Array([0, 255, 128]) },
        { topic: 'empty', payload: '' },
        { topic: 'long', payload: 'x'.repeat(200) },
        { topic: 'longer', payload: 'y'.repeat(20_000) },
        { topic: 'longest', payload: Buffer.alloc(2_100_000, 1) },
        { topic: 'reply', payload: 'r', correlationData: new Uint8Array([1, 2, 3]) },
        { topic: 'reply', payload: 'r', correlationData: new Uint8Array(300) },
      ];
      const read = parse(new PublishEncoder(version).encode(messages, Number.POSITIVE_INFINITY, assert.fail));
      assert.equal(read.length, messages.length);
      for (const [index, packet] of read.entries()) {
        const message = messages[index];
        assert.ok(message);
        assert.equal(packet.topic, message.topic);
        assert.deepEqual(Buffer.from(packet.payload), Buffer.from(message.payload as string));
        assert.deepEqual([packet.qos, packet.retain, packet.dup], [0, message.retain ?? false, false]);
        const correlation = version === 5 && message.correlationData && Buffer.from(message.correlationData);
        assert.deepEqual(packet.properties?.correlationData, correlation || undefined);
      }
    });

    it('leaves out what no broker takes, and tells it', () => {
      const refused: string[] = [];
      const messages: Outgoing[] = [
        { topic: 'a/+', payload: 'x' },
        { topic: '', payload: 'x' },
        { topic: 'fine', payload: 'x' },
        { topic: 'big', payload: 'x'.repeat(100) },
        { topic: 'c', payload: 'x', correlationData: new Uint8Array(70_000) },
      ];
      const bytes = new PublishEncoder(version).encode(messages, 100, ({ topic }) => refused.push(topic));
      assert.deepEqual(
        parse(bytes).map(({ topic }) => topic),
        ['fine'],
      );
      assert.ok(['a/+', '', 'big'].every((topic) => refused.includes(topic)));
    });

    it('is right for more topics than are remembered', () => {
      const encoder = new PublishEncoder(version);
      for (let i = 0; i < 10_000; i += 100) {
        const messages = Array.from({ length: 100 }, (_, k) => ({ topic: `t/${i + k}`, payload: '' }));
        const read = parse(encoder.encode(messages, Number.POSITIVE_INFINITY, assert.fail));
        assert.deepEqual(
          read.map(({ topic }) => topic),
          messages.map(({ topic }) => topic),
        );
      }
    });

    it('measures an acknowledged message as mqtt-packet writes it', () => {
      const correlationData = Buffer.from('c');
      for (const payload of ['', 'ä', 'x'.repeat(150), 'x'.repeat(20_000)]) {
        const message = { topic: 'a/ü', payload, correlationData };
        const written = generate(
          {
            cmd: 'publish',
            qos: 1,
            messageId: 1,
            dup: false,
            retain: false,
            topic: 'a/ü',
            payload,
            properties: { correlationData },
          },
          { protocolVersion: version },
        );
        assert.equal(sizeAcked(message, version), written.length);
      }
    });

    it('is decoded as mqtt-packet writes it', () => {
      const packets: Omit<IPublishPacket, 'cmd' | 'dup'>[] = [
        { topic: 'a/b', payload: 'text', qos: 0, retain: false },
        { topic: 'ä/ü', payload: Buffer.from([0, 255]), qos: 1, messageId: 65_535, retain: true },
        { topic: 'empty', payload: '', qos: 1, messageId: 1, retain: false },
        {
          topic: 'cmd',
          payload: 'x',
          qos: 1,
          messageId: 2,
          retain: false,
          properties: {
            payloadFormatIndicator: true,
            messageExpiryInterval: 60,
            contentType: 'text/plain',
            responseTopic: 'reply/ü',
            correlationData: Buffer.from([9, 8, 7]),
            userProperties: { a: ['1', '2'], b: '3' },
            subscriptionIdentifier: 200,
          },
        },
      ];
      for (const packet of packets) {
        const decoded = decode(generate({ cmd: 'publish', dup: false, ...packet }, { protocolVersion: version }));
        assert.ok(decoded);
        assert.equal(decoded.message.topic, packet.topic);
        assert.deepEqual(Buffer.from(decoded.message.payload), Buffer.from(packet.payload as string));
        assert.deepEqual([decoded.qos, decoded.packetId], [packet.qos, packet.messageId ?? 0]);
        assert.equal(decoded.message.retained, packet.retain);
        const properties = version === 5 ? packet.properties : undefined;
        assert.equal(decoded.message.responseTopic, properties?.responseTopic);
        assert.deepEqual(decoded.message.correlationData, properties?.correlationData);
      }
    });

    it('is refused where it is cut short at any byte of its head', () => {
      const whole = Buffer.from(version === 4 ? [0x32, 0, 0, 1, 65, 0, 1] : [0x32, 0, 0, 1, 65, 0, 1, 3, 8, 0, 0]);
      for (let length = 2; length < whole.length; length++) {
        const cut = Buffer.from(whole.subarray(0, length));
        cut[1] = length - 2;
        assert.equal(decode(cut), undefined, `${length} bytes`);
      }
      whole[1] = whole.length - 2;
      assert.ok(decode(whole));
    });

    function decode(bytes: Buffer) {
      const frames: Frame[] = [];
      new FrameReader(5_000_000, (frame) => frames.push(frame)).push(bytes);
      const [frame] = frames;
      assert.ok(frame);
      return decodePublish(frame, version);
    }

    function parse(bytes: Buffer): IPublishPacket[] {
      const read: Packet[] = [];
      const packets = parser({ protocolVersion: version });
      packets.on('packet', (packet) => read.push(packet));
      packets.parse(bytes);
      return read.filter((packet) => packet.cmd === 'publish');
    }
  });
}

describe('properties of an incoming PUBLISH', () => {
  const BAD: readonly [string, readonly number[]][] = [
    ['a topic alias, which we allow no broker', [35, 0, 1]],
    ['an id that does not exist', [99, 0]],
    ['a string that is longer than the rest', [8, 0, 9, 65]],
    ['a user property without a value', [38, 0, 1, 65]],
  ];
  for (const [what, properties] of BAD) {
    it(`may not hold ${what}`, () => {
      const bytes = Buffer.from([0x30, 4 + properties.length, 0, 1, 65, properties.length, ...properties]);
      const frame = { type: 3, flags: 0, bytes, first: 0, body: 2, end: bytes.length, oversized: false };
      assert.equal(decodePublish(frame, 5), undefined);
    });
  }
});
