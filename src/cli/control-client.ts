import { connect, type Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { ERRORS, type ErrorCode, type Failure, fail, failure, ok, type Result } from '../domain/errors.ts';
import type { ControlAnswer } from '../ports/control-server.ts';
import type { Flag } from './command.ts';
import { loadConfig } from './config-file.ts';
import { anyText } from './flag-values.ts';

/** Where the agent listens, in its state folder (adapters/control-socket.ts). */
const SOCKET = join('control', 'agent.sock');
/** As the answers of commands over MQTT; an agent that says more is none of ours. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export type AgentFlags = { agent: string | undefined; state: string | undefined; config: string | undefined };

/** How a command names the running agent it talks to. */
export const AGENT_FLAGS: readonly Flag<AgentFlags>[] = [
  {
    key: 'agent',
    name: '--agent <agent>',
    description: 'name of the agent; may be left out when it is clear which one is meant',
    parse: anyText,
  },
  {
    key: 'state',
    name: '--state <dir>',
    description: 'state folder of the running agent; OPENCLAW_STATE in the environment names it too',
    parse: anyText,
  },
  {
    key: 'config',
    name: '-c, --config <file>',
    description: 'configuration of the running agent, which names its state folder',
    parse: anyText,
  },
];

/** Finds the socket of the agent that the flags or the environment name; by default, that of an agent without a configuration. */
export async function controlPath(
  { state, config }: AgentFlags,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Result<string>> {
  const folder = state ?? (config === undefined ? env['OPENCLAW_STATE'] || undefined : undefined);
  if (folder !== undefined) return ok(join(resolve(folder), SOCKET));
  const loaded = await loadConfig(config);
  if (!loaded.ok) return loaded;
  const baseDir = config === undefined ? process.cwd() : dirname(config);
  return ok(join(resolve(baseDir, loaded.value.stateDir), SOCKET));
}

/** A connection to the running agent. Every call ends: with the answer, or E_AGENT_UNREACHABLE when the agent goes away. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: ControlAnswer) => void>();
  #tag = 0;
  #text = '';
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.#lost());
  }

  static connect(path: string): Promise<Result<ControlClient>> {
    return new Promise((settle) => {
      const socket = connect(path);
      socket.once('error', (error) => settle(fail('E_AGENT_UNREACHABLE', path, error)));
      socket.once('connect', () => settle(ok(new ControlClient(socket))));
    });
  }

  call(verb: string, args: Readonly<Record<string, unknown>>, id?: string): Promise<ControlAnswer> {
    if (this.#closed) return Promise.resolve(gone());
    const tag = ++this.#tag;
    return new Promise((settle) => {
      this.#waiting.set(tag, settle);
      this.#socket.write(`${JSON.stringify({ tag, verb, args, id })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#settle(line);
    if (this.#text.length > MAX_ANSWER_BYTES) this.close();
  }

  #settle(line: string): void {
    const answer = parse(line);
    const settle = this.#waiting.get(Number(answer?.['tag']));
    // An answer without a tag is about the connection, which the agent ends.
    if (answer === undefined || settle === undefined) {
      this.close();
      return;
    }
    this.#waiting.delete(Number(answer['tag']));
    settle(toAnswer(answer));
  }

  #lost(): void {
    this.#closed = true;
    for (const settle of this.#waiting.values()) settle(gone());
    this.#waiting.clear();
  }
}

function gone(): ControlAnswer {
  return fail('E_AGENT_UNREACHABLE', 'it went away before it answered');
}

function toAnswer({ ok: fine, result, error }: Record<string, unknown>): ControlAnswer {
  if (fine === true) return { ok: true, value: result };
  return { ok: false, error: toFailure(error), result };
}

/** An agent of another version may have codes that we do not know. */
function toFailure(error: unknown): Failure {
  const { code, message } = isObject(error) ? error : {};
  if (typeof code !== 'string' || typeof message !== 'string')
    return failure('E_INTERNAL', 'an answer without an error');
  return Object.hasOwn(ERRORS, code) ? { code: code as ErrorCode, message } : failure('E_COMMAND_FAILED', message);
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const document: unknown = JSON.parse(line);
    return isObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
