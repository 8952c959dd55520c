import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { DeploymentDocument, DeploymentResult } from './document.ts';
import { isObject } from './json.ts';

/** A request holds a few names and a configuration; more is a mistake. */
const MAX_REQUEST_BYTES = 1_048_576;
/** A person and their scripts. */
const MAX_CONNECTIONS = 16;

/** One line of JSON there, one back. `wait`: the answer comes when the deployment has ended. */
export type ControlRequest = { readonly document: DeploymentDocument; readonly wait: boolean };
export type Queued = { readonly deploymentId: string; readonly status: 'QUEUED' };
export type ControlReply =
  | { readonly ok: true; readonly result: DeploymentResult | Queued }
  | { readonly ok: false; readonly reason: string };

/** Where `simulate deploy` reaches a nucleus that runs: a Unix socket in its root folder. */
export class ControlServer {
  readonly #path: string;
  readonly #deploy: (document: DeploymentDocument) => Promise<DeploymentResult>;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(path: string, deploy: (document: DeploymentDocument) => Promise<DeploymentResult>) {
    this.#path = path;
    this.#deploy = deploy;
  }

  async start(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    server.maxConnections = MAX_CONNECTIONS;
    this.#server = server;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await rm(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.#path, resolve));
    await chmod(this.#path, 0o600);
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) {
        socket.removeAllListeners('data').resume();
        void this.#answer(text.slice(0, end)).then((reply) => socket.end(`${JSON.stringify(reply)}\n`));
      } else if (text.length > MAX_REQUEST_BYTES) socket.destroy();
    });
  }

  async #answer(line: string): Promise<ControlReply> {
    try {
      const request: unknown = JSON.parse(line);
      if (!isRequest(request)) return { ok: false, reason: 'it is no deployment' };
      const deploymentId = request.document.deploymentId ?? randomUUID();
      const ended = this.#deploy({ ...request.document, deploymentId });
      if (request.wait) return { ok: true, result: await ended };
      // How it ends is told by the nucleus's own events.
      ended.catch(() => {});
      return { ok: true, result: { deploymentId, status: 'QUEUED' } };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** The command checks what it sends; whoever else may open the socket is the same user. */
function isRequest(value: unknown): value is ControlRequest {
  const document = isObject(value) ? value['document'] : undefined;
  const isSource = isObject(document) && (document['source'] === 'local' || document['source'] === 'cloud');
  return isSource && isObject(document['components']);
}
