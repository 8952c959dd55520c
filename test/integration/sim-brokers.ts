import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Aedes } from 'aedes';
import { freePort } from '../fixtures/free-port.ts';

/** A broker for a test: what it received, and its end. */
export type TestBroker = { readonly url: string; readonly port: number; stop(): Promise<void> };

/** A broker in its own process, which can freeze: connected, and deaf. */
export type ProcessBroker = TestBroker & { pause(): void };

export type Received = { readonly topic: string; readonly payload: Buffer };

/** Starts aedes in this process and keeps what is published. */
export async function startAedes(port = 0): Promise<TestBroker & { readonly received: Received[] }> {
  const broker = await Aedes.createBroker();
  const received: Received[] = [];
  broker.on('publish', ({ topic, payload }, client) => {
    if (client !== null) received.push({ topic, payload: Buffer.from(payload) });
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...address(server),
    received,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}

/** Starts mosquitto on a free port. Undefined where it is not installed. */
export async function startMosquitto(): Promise<ProcessBroker | undefined> {
  const { port } = await freePlace();
  const folder = await mkdtemp(join(tmpdir(), 'mosquitto-'));
  const config = join(folder, 'mosquitto.conf');
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const child = spawn('mosquitto', ['-c', config], { stdio: 'ignore' });
  const spawned = await once(child, 'spawn').then(
    () => true,
    () => false,
  );
  const stop = async () => {
    // A frozen process would never hear that it should end.
    child.kill('SIGCONT');
    await end(child);
    await rm(folder, { recursive: true });
  };
  if (!spawned) {
    await rm(folder, { recursive: true });
    return undefined;
  }
  for (let tries = 0; tries < 200; tries++) {
    if (await answers(port)) {
      const pause = () => void child.kill('SIGSTOP');
      return { url: `mqtt://127.0.0.1:${port}`, port, stop, pause };
    }
    await wait(10);
  }
  await stop();
  throw new Error('mosquitto does not listen');
}

/** Ends a child by its handle and waits for it. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}

/** Where no broker is, and one may come. */
export async function freePlace(): Promise<{ url: string; port: number }> {
  const port = await freePort();
  return { url: `mqtt://127.0.0.1:${port}`, port };
}

function address(server: Server): { url: string; port: number } {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('not bound to a port');
  return { url: `mqtt://127.0.0.1:${bound.port}`, port: bound.port };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const result = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return result;
}
