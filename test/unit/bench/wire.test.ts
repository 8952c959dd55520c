import assert from 'node:assert/strict';
import { publishPacket } from '../../../bench/payloads.ts';
import { PACKET, PacketScanner, packetType, payloadStart } from '../../../bench/wire.ts';

const PAYLOADS = ['', 'short', 'x'.repeat(127), 'y'.repeat(200), 'z'.repeat(20_000)];

/** What the scanner finds when the bytes come in pieces of this size. */
function scanned(version: number, pieceSize: number): string[] {
  const bytes = Buffer.concat(PAYLOADS.map((text) => publishPacket('a/topic', Buffer.from(text), version)));
  const scanner = new PacketScanner();
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceSize) {
    scanner.feed(bytes.subarray(at, at + pieceSize), (buffer, start, body, end) => {
      assert.equal(packetType(buffer, start), PACKET.publish);
      found.push(buffer.toString('utf8', payloadStart(buffer, body, version), end));
    });
  }
  return found;
}

describe('the packet scanner of the benchmarks', () => {
  for (const version of [4, 5]) {
    for (const pieceSize of [1, 7, 1_000, 1_000_000]) {
      it(`finds every packet of protocol ${version} in pieces of ${pieceSize} bytes`, () => {
        assert.deepEqual(scanned(version, pieceSize), PAYLOADS);
      });
    }
  }
});
