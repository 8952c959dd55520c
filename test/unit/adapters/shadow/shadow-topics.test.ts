import assert from 'node:assert/strict';
import { ANSWER_DEADLINE_MS, ShadowTopics } from '../../../../src/adapters/shadow/shadow-topics.ts';
import type { ShadowDocument } from '../../../../src/ports/shadow.ts';
import { FakeBus, FakeHub } from '../../../fakes/bus.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLog } from '../../../fakes/log.ts';
import { FakeShadowService } from '../../../fakes/shadow.ts';

const PREFIX = '$aws/things/edge-1/shadow/name/edge-agent';

describe('the shadow over topics', () => {
  it('asks for the document at each connect', async () => {
    const { bus, service, settle } = await makeShadow();
    assert.equal(service.gets, 1);
    bus.goOffline();
    bus.goOnline();
    await settle();
    assert.equal(service.gets, 2);
  });

  it('goes on where nobody answers: a report fails at its deadline, and the next one is sent', async () => {
    const { shadow, service, clock, settle } = await makeShadow({ silent: true });
    for (let i = 0; i < 3; i++) {
      const report = shadow.report({ i });
      await settle();
      await clock.advance(ANSWER_DEADLINE_MS);
      const result = await report;
      assert.equal(!result.ok && result.error.code, 'E_SHADOW_UNACKNOWLEDGED');
    }
    assert.equal(service.updates, 3);
    assert.equal(clock.pending, 0, 'no timer is left');
    assert.equal(shadow.reported, undefined);
  });

  it('learns the document once a service is there after all', async () => {
    const { shadow, service, clock, settle } = await makeShadow({ silent: true });
    await clock.advance(ANSWER_DEADLINE_MS);
    service.silent = false;
    const report = shadow.report({ a: 1 });
    await settle();
    assert.ok((await report).ok);
    await settle();
    assert.deepEqual(shadow.reported, { a: 1 });
  });

  it('fails with the code of the service', async () => {
    const { shadow, service, settle } = await makeShadow();
    service.rejectWith = 413;
    const report = shadow.report({ a: 1 });
    await settle();
    const result = await report;
    assert.equal(!result.ok && result.error.code, 'E_SHADOW_REJECTED');
    assert.match(result.ok ? '' : result.error.message, /413 no/);
  });

  it('fails at once when offline, and when the connection ends before the answer', async () => {
    const { shadow, service, bus, settle } = await makeShadow();
    service.silent = true;
    const report = shadow.report({ a: 1 });
    await settle();
    bus.goOffline();
    const cut = await report;
    assert.equal(!cut.ok && cut.error.code, 'E_BUS_OFFLINE');
    const offline = await shadow.report({ a: 2 });
    assert.equal(!offline.ok && offline.error.code, 'E_BUS_OFFLINE');
  });

  it("takes no answer for its own that carries somebody else's token", async () => {
    const { shadow, service, clock, settle } = await makeShadow();
    service.silent = true;
    const report = shadow.report({ a: 1 });
    await settle();
    service.silent = false;
    await service.say('update/accepted', { state: { reported: {} }, version: 9, clientToken: 'other' });
    await service.say('update/accepted', { state: { reported: {} }, version: 9 });
    await settle();
    await clock.advance(ANSWER_DEADLINE_MS);
    assert.ok(!(await report).ok);
  });

  it('drops a delta that is older than the last one, or comes twice', async () => {
    const { told, service, settle } = await makeShadow();
    for (const version of [5, 4, 5, 6]) await service.say('update/delta', { version, state: { at: version } });
    await settle();
    assert.deepEqual(told.slice(1), [{ at: 5 }, { at: 6 }]);
  });

  it('drops an answer to a get that is older than a delta since', async () => {
    const { told, service, hub, bus, settle } = await makeShadow();
    service.silent = true;
    bus.goOffline();
    bus.goOnline();
    await settle();
    const asked = JSON.parse(String(hub.on(`${PREFIX}/get`).at(-1)?.payload)) as { clientToken: string };
    service.silent = false;
    await service.say('update/delta', { version: 10, state: { mode: 'observe' } });
    await service.say('get/accepted', { version: 9, state: {}, clientToken: asked.clientToken });
    await settle();
    assert.deepEqual(told.at(-1), { mode: 'observe' });
  });

  it('leaves no timer behind, and takes each answer once', async () => {
    const { shadow, service, clock, hub, settle } = await makeShadow();
    const report = shadow.report({ a: 1 });
    await settle();
    assert.ok((await report).ok);
    assert.equal(clock.pending, 0);
    const { clientToken } = JSON.parse(String(hub.on(`${PREFIX}/update`).at(-1)?.payload)) as { clientToken: string };
    const { gets } = service;
    await service.say('update/accepted', { state: { desired: {} }, version: 9, clientToken });
    await settle();
    assert.equal(service.gets, gets + 1, 'the second one is nobody we know');
  });

  it('still takes a delta that its own report has overtaken', async () => {
    const { shadow, told, service, settle } = await makeShadow();
    const report = shadow.report({ a: 1 });
    await settle();
    assert.ok((await report).ok);
    service.store.version = 20;
    const next = shadow.report({ a: 2 });
    await settle();
    await next;
    await service.say('update/delta', { version: 20, state: { mode: 'observe' } });
    await settle();
    assert.deepEqual(told.at(-1), { mode: 'observe' });
  });

  it('hears that the last difference is gone, which no delta tells', async () => {
    const { told, service, settle } = await makeShadow();
    await service.desire({ mode: 'bogus' });
    await settle();
    await service.desire({ mode: null });
    await settle();
    assert.deepEqual(told.at(-1), {});
  });

  it('takes the versions of a shadow that was deleted and made anew', async () => {
    const { told, service, bus, settle } = await makeShadow();
    for (let i = 0; i < 5; i++) await service.desire({ i });
    service.store.remove();
    bus.goOffline();
    bus.goOnline();
    await settle();
    await service.desire({ mode: 'observe' });
    await settle();
    assert.deepEqual(told.at(-1), { mode: 'observe' });
  });

  it('ignores retained, malformed and oversized messages', async () => {
    const { told, hub, settle, bus } = await makeShadow();
    const before = told.length;
    const good = Buffer.from(JSON.stringify({ version: 7, state: { a: 1 } }));
    bus.receive({ topic: `${PREFIX}/update/delta`, payload: good, retained: true });
    const bad = ['{', '[]', 'null', '7', '{"version":"7","state":{}}', '{"version":7,"state":[]}', '{"state":{"a":1}}'];
    for (const payload of bad) hub.publish({ topic: `${PREFIX}/update/delta`, payload });
    const huge = JSON.stringify({ version: 8, state: { a: 'x'.repeat(70_000) } });
    hub.publish({ topic: `${PREFIX}/update/delta`, payload: huge });
    hub.publish({ topic: `${PREFIX}/update/delta`, payload: Uint8Array.of(0xff) });
    await settle();
    assert.equal(told.length, before);
  });
});

async function makeShadow({ silent = false } = {}) {
  const hub = new FakeHub();
  const clock = new FakeClock();
  const bus = new FakeBus(hub);
  const service = new FakeShadowService(hub, 'edge-1', 'edge-agent');
  service.silent = silent;
  const shadow = new ShadowTopics({ thing: 'edge-1', name: 'edge-agent', bus, clock, log: new FakeLog() });
  const told: ShadowDocument[] = [];
  shadow.onDesired((desired) => told.push(desired));
  const settle = async () => {
    for (let i = 0; i < 5; i++) {
      await clock.advance(0);
      await Promise.all([bus.settled(), service.bus.settled()]);
    }
  };
  await service.bus.start();
  await settle();
  await shadow.start();
  await bus.start();
  await settle();
  return { hub, clock, bus, service, shadow, told, settle };
}
