import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import sinon from 'sinon';
import { DIALECTS } from '../../../src/sim/nucleus/ipc/dialect.ts';
import { Outlet } from '../../../src/sim/nucleus/ipc/outlet.ts';
import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';

/** A socket whose other end reads nothing. */
class StuckSocket extends EventEmitter {
  writableLength = 0;
  writable = true;

  write(bytes: Uint8Array): boolean {
    this.writableLength += bytes.length;
    return false;
  }

  destroy(): void {
    this.writable = false;
    this.emit('close');
  }
}

function makeOutlet(mode: NucleusMode) {
  const socket = new StuckSocket();
  return { socket, outlet: new Outlet(socket as unknown as Socket, DIALECTS[mode]) };
}

describe('what goes out to a client of the simulated nucleus', () => {
  let clock: sinon.SinonFakeTimers;

  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });

  afterEach(() => clock.restore());

  it('lite: costs a client its connection that takes nothing for 5 s', () => {
    const { socket, outlet } = makeOutlet('lite');
    outlet.send(Buffer.alloc(100));
    clock.tick(4_999);
    assert.equal(socket.writable, true);
    clock.tick(1);
    assert.equal(socket.writable, false);
  });

  it('lite: goes on when the client takes it after all', () => {
    const { socket, outlet } = makeOutlet('lite');
    outlet.send(Buffer.alloc(100));
    clock.tick(4_000);
    socket.emit('drain');
    clock.tick(4_000);
    assert.equal(socket.writable, true);
  });

  it('classic: waits for a slow client as long as there is room', () => {
    const { socket, outlet } = makeOutlet('classic');
    outlet.send(Buffer.alloc(100));
    clock.tick(3_600_000);
    assert.equal(socket.writable, true);
  });

  it('is left out on lite, and cuts the connection on classic, when too much waits', () => {
    for (const mode of ['classic', 'lite'] as const) {
      const { socket, outlet } = makeOutlet(mode);
      socket.writableLength = DIALECTS[mode].maxUnsentBytes - 50;
      assert.equal(outlet.send(Buffer.alloc(50)), true);
      assert.equal(outlet.send(Buffer.alloc(50)), false);
      assert.equal(socket.writable, mode === 'lite');
    }
  });
});
