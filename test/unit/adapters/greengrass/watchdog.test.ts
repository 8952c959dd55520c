import assert from 'node:assert/strict';
import { Watchdog } from '../../../../src/adapters/greengrass/watchdog.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLink, refuse } from '../../../fakes/ipc-link.ts';
import { FakeLog } from '../../../fakes/log.ts';

const TOPIC = 'edge-agent/press-1/pulse';
const PULSE_MS = 30_000;

describe('Watchdog', () => {
  let clock: FakeClock;
  let log: FakeLog;
  let link: FakeLink;
  let watchdog: Watchdog;
  /** The nucleus still hands over what is published. */
  let alive: boolean;

  beforeEach(async () => {
    clock = new FakeClock();
    log = new FakeLog();
    link = new FakeLink();
    alive = true;
    link.answers['publishToTopic'] = () => alive && link.push('SubscribeToTopic', {});
    watchdog = new Watchdog({ link, topic: TOPIC, clock, log });
  });

  afterEach(async () => {
    await watchdog.stop();
    await watchdog.stop();
    assert.equal(clock.pending, 0);
    assert.equal(link.streams.size, 0);
  });

  async function start(): Promise<void> {
    watchdog.start();
    link.goOnline();
    await clock.advance(0);
  }

  it('is content while its pulses come back', async () => {
    await start();
    await clock.advance(100 * PULSE_MS);
    assert.equal(link.requests('publishToTopic').length, 100);
    assert.equal(link.renewed.length, 0);
  });

  it('asks for a new client when three pulses in a row are lost', async () => {
    await start();
    alive = false;
    await clock.advance(3 * PULSE_MS);
    assert.equal(link.renewed.length, 0);
    await clock.advance(PULSE_MS);
    assert.equal(link.renewed.length, 1);
  });

  it('forgives one that is late', async () => {
    await start();
    for (let i = 0; i < 10; i++) {
      alive = i % 3 === 2;
      await clock.advance(PULSE_MS);
    }
    assert.equal(link.renewed.length, 0);
  });

  it('asks less and less often while a new client does not help', async () => {
    await start();
    alive = false;
    await clock.advance(86_400_000);
    assert.ok(link.renewed.length < 70, `${link.renewed.length} in a day`);
    assert.ok(link.renewed.length > 50);
    alive = true;
    await clock.advance(100 * PULSE_MS);
    alive = false;
    const before = link.renewed.length;
    await clock.advance(4 * PULSE_MS);
    assert.equal(link.renewed.length, before + 1, 'as patient as in the beginning');
  });

  it('is off, and says so once, when it may not publish', async () => {
    await start();
    link.answers['publishToTopic'] = () => {
      throw refuse('E_IPC_UNAUTHORIZED', 'accessControl lacks it');
    };
    await clock.advance(100 * PULSE_MS);
    assert.equal(link.requests('publishToTopic').length, 1);
    assert.deepEqual(log.events, ['lost subscriptions will not be noticed']);
    assert.equal(link.renewed.length, 0);
  });

  it('is off, and says so once, when it may not subscribe', async () => {
    link.refused['SubscribeToTopic'] = 'E_IPC_UNAUTHORIZED';
    await start();
    await clock.advance(100 * PULSE_MS);
    assert.deepEqual(link.requests('publishToTopic'), []);
    assert.deepEqual(log.events, ['lost subscriptions will not be noticed']);
  });

  it('does not take an error of the nucleus for silence', async () => {
    await start();
    link.answers['publishToTopic'] = () => {
      throw refuse('E_IPC_FAILED');
    };
    await clock.advance(100 * PULSE_MS);
    assert.equal(link.renewed.length, 0);
  });

  it('waits while there is no connection', async () => {
    await start();
    link.goOffline();
    await clock.advance(100 * PULSE_MS);
    assert.equal(link.requests('publishToTopic').length, 0);
    assert.equal(link.renewed.length, 0);
  });
});
