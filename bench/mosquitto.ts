import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/fixtures/free-port.ts';
import type { Bench } from './agents.ts';

/** Where Debian puts it, outside the PATH of users. */
const PLACES = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto', '/usr/local/sbin/mosquitto'];
const POLL_MS = 20;

export type Broker = { readonly port: number; readonly stop: () => Promise<void> };

export const findMosquitto = (): string | undefined => PLACES.find((place) => existsSync(place));

/** Starts a private mosquitto, as it is by default, on a free port of the loopback. */
export async function startMosquitto(bench: Bench, program: string): Promise<Broker> {
  const port = await freePort();
  const config = join(bench.folder, `mosquitto-${port}.conf`);
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const child = bench.children.start(program, ['-c', config]);
  await bench.children.during(child, untilOpen(port));
  return { port, stop: () => bench.children.stop(child) };
}

async function untilOpen(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const opened = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (opened) return;
    await sleep(POLL_MS);
  }
}
