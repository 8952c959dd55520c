import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, createServer, Server } from 'node:net';
import mqtt from 'mqtt';
import sinon from 'sinon';
import { EmbeddedBroker } from '../../src/adapters/aedes/embedded-broker.ts';
import { FakeLog } from '../fakes/log.ts';

describe('EmbeddedBroker', function () {
  this.timeout(20_000);
  const brokers: EmbeddedBroker[] = [];

  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.stop();
  });

  it('listens on loopback, at a free port where none is named', async () => {
    const { url, port } = await start();
    assert.equal(url, `mqtt://127.0.0.1:${port}`);
    assert.ok(port > 0);
  });

  it('says that its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address !== 'string');
    const result = await make(address.port).start();
    server.close();
    assert.equal(!result.ok && result.error.code, 'E_PORT_IN_USE');
  });

  it('says that it may not listen on its port', async () => {
    const refuse = function (this: Server) {
      this.emit('error', Object.assign(new Error('listen EACCES'), { code: 'EACCES' }));
      return this;
    };
    const listen = sinon.stub(Server.prototype, 'listen').callsFake(refuse);
    try {
      const result = await make(80).start();
      assert.equal(!result.ok && result.error.code, 'E_BROKER_START');
    } finally {
      listen.restore();
    }
  });

  it('cuts its clients off when it stops, frees the port, and stops twice', async () => {
    const { url, port } = await start();
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
    const closed = new Promise<void>((resolve) => client.once('close', resolve));
    await Promise.all(brokers.map((broker) => broker.stop()));
    await Promise.all(brokers.map((broker) => broker.stop()));
    await closed;
    const again = await make(port).start();
    assert.equal(again.ok, true);
  });

  it('keeps no message for a client that is away, whatever session it asks for', async () => {
    const { url } = await start();
    const options = { clientId: 'away', clean: false, reconnectPeriod: 0 };
    const first = await mqtt.connectAsync(url, options);
    await first.subscribeAsync('t', { qos: 1 });
    await first.endAsync();
    const other = await mqtt.connectAsync(url);
    await other.publishAsync('t', 'missed', { qos: 1 });
    await other.endAsync();
    const came: string[] = [];
    const second = mqtt.connect(url, options);
    second.on('message', (_topic, payload) => came.push(payload.toString()));
    const connack = await new Promise<mqtt.IConnackPacket>((resolve) => second.once('connect', resolve));
    assert.equal(connack.sessionPresent, false);
    await second.subscribeAsync('t', { qos: 1 });
    await second.publishAsync('t', 'heard', { qos: 1 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(came, ['heard']);
    await second.endAsync();
  });

  it('retains a message a topic, up to its limit of topics', async () => {
    const { url } = await start();
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
    for (let i = 0; i < 10_000; i++) client.publish(`r/${i}`, 'x', { retain: true });
    await client.publishAsync('r/0', 'changed', { retain: true, qos: 1 });
    await client.publishAsync('r/one-too-many', 'x', { retain: true, qos: 1 });
    await client.publishAsync('r/1', '', { retain: true, qos: 1 });
    await client.publishAsync('r/in-its-place', 'x', { retain: true, qos: 1 });
    const came = new Map<string, string>();
    client.on('message', (topic, payload) => came.set(topic, payload.toString()));
    await client.subscribeAsync(['r/0', 'r/1', 'r/one-too-many', 'r/in-its-place']);
    while (came.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(Object.fromEntries(came), { 'r/0': 'changed', 'r/in-its-place': 'x' });
    await client.endAsync();
  });

  it('cuts off a client that announces a packet larger than it takes', async () => {
    const { port } = await start();
    const socket = connectTcp(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f, 0x00]));
    await once(socket, 'close');
  });

  it('lets nobody publish in its own name', async () => {
    const { url } = await start();
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
    const closed = new Promise<void>((resolve) => client.once('close', resolve));
    client.publish('$SYS/broker', 'x');
    await closed;
  });

  function make(port: number): EmbeddedBroker {
    const broker = new EmbeddedBroker({ port, log: new FakeLog() });
    brokers.push(broker);
    return broker;
  }

  async function start(): Promise<{ readonly url: string; readonly port: number }> {
    const result = await make(0).start();
    if (!result.ok) throw new Error(result.error.message);
    return result.value;
  }
});
