import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlSocket } from '../../src/adapters/control-socket.ts';
import { fail } from '../../src/domain/errors.ts';
import type { ControlRequest, ExecuteControl } from '../../src/ports/control-server.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeLog } from '../fakes/log.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';

let state: string;
const ends: (() => unknown)[] = [];

describe('the control socket', () => {
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'control-'));
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await rm(state, { recursive: true, force: true });
  });

  it('is for its user alone, and gone after a stop', async () => {
    const { socket } = await start(echo);
    assert.equal((await stat(join(state, 'control'))).mode & 0o777, 0o700);
    assert.equal((await stat(socket.path)).mode & 0o777, 0o600);
    await socket.stop();
    await socket.stop();
    assert.deepEqual(await readdir(join(state, 'control')), []);
  });

  it('makes a folder private that was open to others', async () => {
    await mkdir(join(state, 'control'));
    await chmod(join(state, 'control'), 0o755);
    await start(echo);
    assert.equal((await stat(join(state, 'control'))).mode & 0o777, 0o700);
  });

  it('answers a request with what its verb answers', async () => {
    const { socket } = await start(echo);
    const client = await open(socket);
    client.send({ verb: 'status', args: { agent: 'press' }, id: 'a', tag: 7 });
    assert.deepEqual(await client.next(), {
      ...{ tag: 7, id: 'a', ok: true },
      result: { verb: 'status', args: { agent: 'press' }, id: 'a' },
    });
  });

  it('makes an id where there is none', async () => {
    const { socket } = await start(echo);
    const client = await open(socket);
    client.send({ verb: 'status' });
    assert.match(String((await client.next())['id']), /^local-[0-9a-f-]{36}$/);
  });

  it('tells a failure with its result, and never its cause', async () => {
    const failed = fail('E_ROLLOUT_GATE', 'agreement', new Error('inner'));
    const { socket } = await start(async () => ({ ...failed, result: { outcome: 'refused' } }));
    const client = await open(socket);
    client.send({ verb: 'model.rollout', id: 'a' });
    assert.deepEqual(await client.next(), {
      ...{ id: 'a', ok: false, result: { outcome: 'refused' } },
      error: { code: 'E_ROLLOUT_GATE', message: failed.error.message },
    });
  });

  it('answers each of several requests as soon as it is known', async () => {
    const slow = Promise.withResolvers<void>();
    const { socket } = await start(async ({ verb }) => {
      if (verb === 'slow') await slow.promise;
      return { ok: true, value: verb };
    });
    const client = await open(socket);
    client.send({ verb: 'slow', tag: 1 });
    client.send({ verb: 'fast', tag: 2 });
    assert.equal((await client.next())['tag'], 2);
    slow.resolve();
    assert.equal((await client.next())['tag'], 1);
  });

  it('takes a request that comes in pieces, and two that come in one', async () => {
    const { socket } = await start(echo);
    const client = await open(socket);
    client.write('{"verb":"sta');
    await new Promise((resolve) => setImmediate(resolve));
    client.write('tus","tag":1}\n{"verb":"wake","tag":2}\n');
    assert.deepEqual([(await client.next())['tag'], (await client.next())['tag']].sort(), [1, 2]);
  });

  it('tells a command that its sender has gone', async () => {
    let signal: AbortSignal | undefined;
    const { socket } = await start((request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
    const client = await open(socket);
    client.send({ verb: 'model.rollout' });
    await waitFor('the request', () => signal !== undefined);
    assert.equal(signal?.aborted, false);
    client.end();
    await waitFor('the end of the request', () => signal?.aborted === true);
  });

  const malformed: readonly (readonly [what: string, line: string])[] = [
    ['no JSON', 'status'],
    ['no object', '["status"]'],
    ['no verb', '{}'],
    ['args that are no object', '{"verb":"status","args":[]}'],
    ['an id with a slash', '{"verb":"status","id":"a/b"}'],
    ['a tag that is an object', '{"verb":"status","tag":{}}'],
    ['a field that nobody knows', '{"verb":"status","force":true}'],
  ];
  for (const [what, line] of malformed) {
    it(`refuses ${what}, and takes the next request`, async () => {
      const { socket, requests } = await start(echo);
      const client = await open(socket);
      client.write(`${line}\n`);
      assert.equal(codeOf(await client.next()), 'E_COMMAND_MALFORMED');
      assert.equal(requests.length, 0);
      client.send({ verb: 'status', tag: 1 });
      assert.equal((await client.next())['ok'], true);
    });
  }

  it('hangs up on a request that is larger than 128 KB, line or no line', async () => {
    const { socket, requests } = await start(echo);
    for (const end of ['', '"}\n']) {
      const client = await open(socket);
      client.write(`{"verb":"${'x'.repeat(129 * 1024)}${end}`);
      assert.equal(codeOf(await client.next()), 'E_COMMAND_MALFORMED');
      await client.closed;
    }
    assert.equal(requests.length, 0);
  });

  it('hangs up on more than 8 requests at once', async () => {
    const { socket, requests } = await start(() => new Promise(() => {}));
    const client = await open(socket);
    for (let i = 0; i < 9; i++) client.send({ verb: 'slow' });
    assert.match(JSON.stringify(await client.next()), /more than 8 requests at once/);
    await client.closed;
    assert.equal(requests.length, 8);
  });

  it('takes any number of requests one after another', async () => {
    const { socket } = await start(echo);
    const client = await open(socket);
    for (let i = 0; i < 20; i++) {
      client.send({ verb: 'status', tag: i });
      assert.equal((await client.next())['tag'], i);
    }
  });

  it('takes 16 connections, and makes room when one goes', async () => {
    const { socket } = await start(echo);
    const clients = [];
    for (let i = 0; i < 16; i++) {
      const client = await open(socket);
      client.send({ verb: 'status' });
      await client.next();
      clients.push(client);
    }
    await (await open(socket)).closed;
    clients[0]?.end();
    await clients[0]?.closed;
    await waitFor('room', async () => {
      const client = await open(socket);
      client.send({ verb: 'status' });
      return Promise.race([client.next().then(() => true), client.closed.then(() => false)]);
    });
  });

  it('ends a connection that asks nothing, and none that waits', async () => {
    const { socket, clock } = await start(() => new Promise(() => {}));
    const idle = await open(socket);
    const waiting = await open(socket);
    waiting.send({ verb: 'model.rollout' });
    let ended = false;
    void waiting.closed.then(() => {
      ended = true;
    });
    await waitFor('one watched and one waiting', () => clock.pending === 1);
    await clock.advance(31_000);
    await idle.closed;
    assert.equal(ended, false);
  });

  it('survives a verb that throws, and a result that JSON cannot say', async () => {
    const { socket, log } = await start(async ({ verb }) => {
      if (verb === 'throw') throw new Error('a bug');
      return { ok: true, value: 10n };
    });
    const client = await open(socket);
    client.send({ verb: 'throw' });
    assert.equal(codeOf(await client.next()), 'E_INTERNAL');
    client.send({ verb: 'big' });
    assert.equal(codeOf(await client.next()), 'E_INTERNAL');
    assert.equal(log.lines.length > 0, true);
  });

  it('leaves no timer behind', async () => {
    const { socket, clock } = await start(echo);
    const client = await open(socket);
    client.send({ verb: 'status' });
    await client.next();
    await socket.stop();
    await client.closed;
    assert.equal(clock.pending, 0);
  });

  describe('finds in its place', () => {
    it('the socket of an agent that was killed, and takes it over', async () => {
      await leaveStaleSocket();
      const { socket } = await start(echo);
      const client = await open(socket);
      client.send({ verb: 'status' });
      assert.equal((await client.next())['ok'], true);
    });

    it('that of a running agent, and leaves it alone', async () => {
      const { socket: first } = await start(echo);
      const second = make(echo).socket;
      assert.match(problem(await second.start()), /another agent listens/);
      await second.stop();
      const client = await open(first);
      client.send({ verb: 'status' });
      assert.equal((await client.next())['ok'], true);
    });

    it('a file, and leaves it alone', async () => {
      await mkdir(join(state, 'control'));
      const path = join(state, 'control', 'agent.sock');
      await writeFile(path, 'precious');
      assert.match(problem(await make(echo).socket.start()), /is not a socket/);
      assert.equal((await lstat(path)).isFile(), true);
    });

    it('a link instead of the folder, and does not follow it', async () => {
      await mkdir(join(state, 'elsewhere'), { mode: 0o755 });
      await symlink(join(state, 'elsewhere'), join(state, 'control'));
      assert.match(problem(await make(echo).socket.start()), /is not a folder/);
      assert.equal((await stat(join(state, 'elsewhere'))).mode & 0o777, 0o755);
    });

    it('a path too long for a socket, and says so', async () => {
      const folder = join(state, 'x'.repeat(100));
      const socket = new ControlSocket({ folder, execute: echo, clock: new FakeClock(), log: new FakeLog() });
      assert.match(problem(await socket.start()), /too long/);
    });
  });
});

const echo: ExecuteControl = async ({ verb, args, id }) => ({ ok: true, value: { verb, args, id } });

function make(execute: ExecuteControl) {
  const requests: ControlRequest[] = [];
  const clock = new FakeClock();
  const log = new FakeLog();
  const kept: ExecuteControl = (request) => {
    requests.push(request);
    return execute(request);
  };
  return {
    socket: new ControlSocket({ folder: join(state, 'control'), execute: kept, clock, log }),
    requests,
    clock,
    log,
  };
}

async function start(execute: ExecuteControl) {
  const made = make(execute);
  ends.push(() => made.socket.stop());
  assert.deepEqual(await made.socket.start(), { ok: true, value: undefined });
  return made;
}

async function open({ path }: ControlSocket) {
  const socket: Socket = connect(path);
  ends.push(() => socket.destroy());
  const lines: string[] = [];
  let rest = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  await new Promise((resolve) => socket.once('connect', resolve));
  return {
    closed,
    write: (text: string) => socket.write(text),
    send: (request: object) => socket.write(`${JSON.stringify(request)}\n`),
    end: () => socket.destroy(),
    async next(): Promise<Record<string, unknown>> {
      await waitFor('an answer', () => lines.length > 0, 5_000);
      return JSON.parse(lines.shift() ?? '');
    },
  };
}

/** A socket file that nobody listens on: what SIGKILL leaves. */
async function leaveStaleSocket(): Promise<void> {
  const folder = join(state, 'control');
  await mkdir(folder);
  const path = join(folder, 'agent.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve));
  // Node removes the name that it knows at the close; the other one stays.
  await rename(`${path}.live`, path);
  await new Promise((resolve) => server.close(resolve));
  assert.equal((await lstat(path)).isSocket(), true);
}

function codeOf(answer: Record<string, unknown>): unknown {
  return (answer['error'] as { code?: string } | undefined)?.code;
}

function problem(result: { ok: boolean; error?: { message: string } }): string {
  return result.error?.message ?? '';
}
