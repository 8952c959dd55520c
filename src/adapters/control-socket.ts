import { randomUUID } from 'node:crypto';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { fail, ok, type Result } from '../domain/errors.ts';
import { makeOwnFolder } from '../files/own-folder.ts';
import type { Clock } from '../ports/clock.ts';
import type { ExecuteControl } from '../ports/control-server.ts';
import type { Log } from '../ports/log.ts';
import { ControlConnection } from './control-connection.ts';

/** People and scripts on one machine. Each connection may wait for a rollout. */
const MAX_CONNECTIONS = 16;
/** sun_path of unix(7) holds 108 bytes, with the zero at its end; longer ones would be cut off silently. */
const MAX_PATH_BYTES = 107;
const SOCKET_NAME = 'agent.sock';
/** For this user alone. */
const FOLDER_MODE = 0o700;

export type ControlSocketOptions = {
  /** Made where it is missing, for this user alone: `<state>/control`. */
  readonly folder: string;
  readonly execute: ExecuteControl;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Commands over a Unix socket in the state folder, for those who may write there: the folder is of mode 0700, the socket of
 * 0600. A request is a line of JSON, `{verb, args?, id?, tag?}`; its answer is a line too, `{tag, id, ok, result | error}`.
 */
export class ControlSocket {
  readonly #options: ControlSocketOptions;
  readonly #connections = new Set<ControlConnection>();
  #server: Server | undefined;

  constructor(options: ControlSocketOptions) {
    this.#options = options;
  }

  /** Where it listens. */
  get path(): string {
    return join(this.#options.folder, SOCKET_NAME);
  }

  /** Begins to listen. E_CONTROL_SOCKET: another agent does already, or the place is not ours. */
  async start(): Promise<Result<void>> {
    const { folder } = this.#options;
    if (Buffer.byteLength(this.path) > MAX_PATH_BYTES) return fail('E_CONTROL_SOCKET', `too long: ${this.path}`);
    try {
      const problem = (await makeOwnFolder(folder, FOLDER_MODE)) ?? (await clearStale(this.path));
      if (problem !== undefined) return fail('E_CONTROL_SOCKET', problem);
      await this.#listen();
      // Until here the folder keeps others out.
      await chmod(this.path, 0o600);
      return ok(undefined);
    } catch (thrown) {
      await this.stop();
      return fail('E_CONTROL_SOCKET', thrown instanceof Error ? thrown.message : String(thrown), thrown);
    }
  }

  /** Ends all connections, and removes the socket. What was begun for them goes on or not as their commands say. Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const connection of this.#connections) connection.end();
    if (server?.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #listen(): Promise<void> {
    const server = createServer((socket) => this.#welcome(socket));
    server.maxConnections = MAX_CONNECTIONS;
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.path, () => {
        server.off('error', reject);
        server.on('error', (err) => this.#options.log.warn({ err }, 'control socket'));
        resolve();
      });
    });
  }

  #welcome(socket: Socket): void {
    const { execute, clock, log } = this.#options;
    const makeId = () => `local-${randomUUID()}`;
    const connection = new ControlConnection({ socket, execute, clock, log, makeId });
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }
}

/** Removes the socket of an agent that was killed. One that somebody answers on, or that is no socket, is left alone. */
async function clearStale(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(missing);
  if (found === undefined) return undefined;
  if (!found.isSocket()) return `${path} is not a socket`;
  if (await answers(path)) return `another agent listens on ${path}`;
  await unlink(path).catch(missing);
  return undefined;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const settle = (end: () => void) => {
      socket.destroy();
      end();
    };
    socket.on('connect', () => settle(() => resolve(true)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const dead = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
      settle(() => (dead ? resolve(false) : reject(error)));
    });
  });
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
