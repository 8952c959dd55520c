import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { MqttBus } from '../../src/adapters/mqtt/mqtt-bus.ts';
import type { TlsOptions } from '../../src/adapters/mqtt/open-socket.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import { collect, states, until } from '../contract/bus-contract.ts';
import { FakeLog } from '../fakes/log.ts';
import { type Certificate, issue, makeAuthority } from '../fixtures/certificates.ts';
import { MOSQUITTO, Mosquitto } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

describe('MQTT over TLS 1.3 with client certificates', function () {
  this.timeout(30_000);
  let authority: Certificate;
  let stranger: Certificate;
  let brokerCertificate: Certificate;
  let device: Certificate;
  let broker: Mosquitto;
  const buses: MqttBus[] = [];

  before(async function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
    authority = await makeAuthority('plant CA');
    stranger = await makeAuthority('another CA');
    brokerCertificate = await issue(authority, 'broker', 'broker');
    device = await issue(authority, 'press-7', 'device');
    broker = await Mosquitto.start({ tls: { ca: authority.cert, ...brokerCertificate } });
  });

  afterEach(async () => {
    for (const bus of buses.splice(0)) await bus.stop(1_000);
  });

  after(() => broker?.stop());

  for (const version of [4, 5] as const) {
    it(`carries messages both ways, MQTT ${version === 4 ? '3.1.1' : '5'}`, async () => {
      const bus = connect(tlsOf(authority, device), version);
      const came = collect(bus, 'dt/#');
      await bus.start();
      await until(() => bus.state === 'online');
      assert.equal((await bus.publishAcked({ topic: 'dt/acked', payload: 'a' })).ok, true);
      assert.equal(bus.publishDirect([{ topic: 'dt/direct', payload: 'b' }]), true);
      await until(() => came.length === 2);
    });
  }

  it('refuses a broker that another CA signed', async () => {
    await assertRefused(tlsOf(stranger, device), 'E_TLS_UNTRUSTED');
  });

  it('refuses a broker under another name', async () => {
    await assertRefused({ ...tlsOf(authority, device), servername: 'broker.example' }, 'E_TLS_UNTRUSTED');
  });

  it('says so when it has no certificate and the broker wants one', async () => {
    await assertRefused({ ca: pem(authority.cert) }, 'E_TLS_CLIENT_CERT');
  });

  it('says so when the broker does not know the CA of its certificate', async () => {
    const foreign = await issue(stranger, 'press-7', 'device');
    await assertRefused(tlsOf(authority, foreign), 'E_TLS_CLIENT_CERT');
  });

  it('says so when its certificate has expired', async () => {
    const old = await issue(authority, 'press-7', 'device', { expired: true });
    await assertRefused(tlsOf(authority, old), 'E_TLS_EXPIRED');
  });

  it('says so when its certificate and key are no pair, or no PEM', async () => {
    await assertRefused({ ...tlsOf(authority, device), key: pem(stranger.key) }, 'E_TLS_CLIENT_CERT');
    await assertRefused({ ...tlsOf(authority, device), cert: pem('no certificate') }, 'E_TLS_CLIENT_CERT');
    await assertRefused({ ...tlsOf(authority, device), ca: pem('no certificate') }, 'E_TLS_UNTRUSTED');
  });

  it('refuses a broker whose certificate has expired, and connects once it is renewed', async () => {
    const bus = connect(tlsOf(authority, device));
    const told = states(bus);
    const expired = await issue(authority, 'broker', 'broker', { expired: true });
    await broker.kill();
    await broker.start({ tls: { ca: authority.cert, ...expired } });
    try {
      await bus.start();
      await until(() => told.filter(([state]) => state === 'offline').length >= 2);
      assert.equal(bus.lastError?.code, 'E_TLS_EXPIRED');
    } finally {
      await broker.kill();
      await broker.start({ tls: { ca: authority.cert, ...brokerCertificate } });
    }
    await until(() => bus.state === 'online');
    assert.ok(bus.lastError === undefined);
  });

  it('says so when the broker speaks no TLS 1.3', async () => {
    const old = createServer({ ...brokerCertificate, ca: authority.cert, maxVersion: 'TLSv1.2' });
    old.listen(0, '127.0.0.1');
    await once(old, 'listening');
    const { port } = old.address() as AddressInfo;
    await assertRefused(tlsOf(authority, device), 'E_TLS_PROTOCOL', `mqtts://127.0.0.1:${port}`);
    old.close();
  });

  /** Connects, and expects the same refusal twice: the bus says why, and keeps trying. */
  async function assertRefused(tls: TlsOptions, code: ErrorCode, url = broker.url): Promise<void> {
    const bus = connect(tls, 4, url);
    const told = states(bus);
    await bus.start();
    await until(() => told.filter(([state]) => state === 'offline').length >= 2);
    const reasons = told.filter(([state]) => state === 'offline').map(([, error]) => error);
    for (const reason of reasons) assert.equal(reason?.code, code, reason?.message);
    assert.equal(
      told.some(([state]) => state === 'online'),
      false,
    );
  }

  function connect(tls: TlsOptions, version: 4 | 5 = 4, url = broker.url): MqttBus {
    const log = new FakeLog();
    const bus = new MqttBus({ url, version, clientId: 'press-7', tls, clock: systemClock, log, random: () => 0 });
    buses.push(bus);
    return bus;
  }
});

function tlsOf(authority: Certificate, own: Certificate): TlsOptions {
  return { ca: pem(authority.cert), cert: pem(own.cert), key: pem(own.key) };
}

function pem(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
