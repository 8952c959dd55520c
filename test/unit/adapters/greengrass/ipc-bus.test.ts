import assert from 'node:assert/strict';
import { iotCoreBus } from '../../../../src/adapters/greengrass/iot-core-bus.ts';
import { localBus } from '../../../../src/adapters/greengrass/local-bus.ts';
import { type NucleusKind, nucleusKind } from '../../../../src/adapters/greengrass/packet-limit.ts';
import type { Bus, BusState, Incoming } from '../../../../src/ports/bus.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLink, refuse } from '../../../fakes/ipc-link.ts';
import { FakeLog } from '../../../fakes/log.ts';

const ALARM = { topic: 'dt/edge-agent/press-1/alarm', payload: 'hot' };
const PULSE = 'edge-agent/press-1/pulse';

describe('buses through the nucleus', () => {
  let clock: FakeClock;
  let log: FakeLog;
  let link: FakeLink;
  let bus: Bus;

  beforeEach(() => {
    clock = new FakeClock();
    log = new FakeLog();
    link = new FakeLink();
  });

  afterEach(async () => {
    await bus.stop(0);
    await clock.advance(0);
    assert.equal(clock.pending, 0, 'a stopped bus waits for nothing');
  });

  const needs = (kind: NucleusKind) => {
    // As it is composed.
    const own = log.child({ part: 'bus', bus: 'iotcore' });
    return { link, clock, log: own, random: () => 0, thing: 'press-1', kind };
  };

  async function start(made: Bus): Promise<void> {
    bus = made;
    await bus.start();
    link.goOnline();
    await clock.advance(0);
  }

  /** Lets time pass in steps, for what waits several times in a row. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) await clock.advance(50);
  }

  const codeOf = async (sent: ReturnType<Bus['publishAcked']>) => {
    const result = await sent;
    return result.ok ? 'ok' : result.error.code;
  };

  /** What was published to AWS IoT Core: topic and QoS. */
  const published = () =>
    link.requests('publishToIoTCore').map((request) => {
      const { topicName, qos } = request as { topicName: string; qos: string };
      return `${topicName} ${qos}`;
    });

  describe('local', () => {
    it('reads bytes and JSON', async () => {
      const came: string[] = [];
      const made = localBus(needs('classic'));
      made.subscribe('a/+', 0, ({ topic, payload }) => {
        came.push(`${topic} ${Buffer.from(payload)}`);
      });
      await start(made);
      link.push('SubscribeToTopic', { binaryMessage: { message: Buffer.from('x'), context: { topic: 'a/b' } } });
      link.push('SubscribeToTopic', { jsonMessage: { message: { t: 1 }, context: { topic: 'a/c' } } });
      link.push('SubscribeToTopic', {});
      assert.deepEqual(came, ['a/b x', 'a/c {"t":1}']);
    });

    it('believes no silence on lite, which ends subscriptions without a word', async () => {
      for (const kind of ['classic', 'lite'] as const) {
        link = new FakeLink();
        const made = localBus(needs(kind));
        made.subscribe('a/b', 0, () => {});
        await start(made);
        assert.deepEqual(
          [...link.streams].map(({ maxSilenceMs }) => maxSilenceMs),
          [kind === 'lite' ? 30_000 : undefined],
        );
        await bus.stop(0);
      }
    });

    it('serves the handlers of one filter by one stream', async () => {
      const made = localBus(needs('classic'));
      for (const qos of [0, 1, 0] as const) made.subscribe('a/b', qos, () => {});
      made.subscribe('a/c', 0, () => {});
      await start(made);
      assert.deepEqual(
        [...link.streams].map(({ resource }) => resource),
        ['a/b', 'a/c'],
      );
    });

    it('is online when the nucleus has answered the subscriptions, and tells those that it refused', async () => {
      const told: string[] = [];
      const made = localBus(needs('classic'));
      made.onState((state, error) => told.push(`${state} ${error?.code ?? ''}`));
      made.subscribe('a/b', 0, () => {});
      link.refused['SubscribeToTopic'] = 'E_IPC_UNAUTHORIZED';
      await start(made);
      assert.deepEqual(told, ['connecting ', 'offline ', 'connecting ', 'online E_IPC_UNAUTHORIZED']);
      assert.equal(bus.lastError?.code, 'E_IPC_UNAUTHORIZED');
    });

    it('refuses what the nucleus would never take', async () => {
      await start(localBus(needs('lite')));
      assert.equal(await codeOf(bus.publishAcked({ topic: 'a/*', payload: '' })), 'E_TOPIC_INVALID');
      assert.equal(await codeOf(bus.publishAcked({ topic: 'a'.repeat(257), payload: '' })), 'E_TOPIC_INVALID');
      assert.equal(await codeOf(bus.publishAcked({ ...ALARM, retain: true })), 'E_BUS_REJECTED');
      assert.equal(await codeOf(bus.publishAcked({ topic: 'a', payload: new Uint8Array(7_200) })), 'E_BUS_TOO_LARGE');
      assert.equal(bus.publishDirect([{ topic: 'a', payload: new Uint8Array(7_200) }]), true);
      assert.equal(await codeOf(bus.publishAcked({ topic: 'a', payload: new Uint8Array(7_000) })), 'ok');
      assert.equal(link.requests('publishToTopic').length, 1);
      assert.deepEqual(log.events, ['message not sent']);
    });

    it('lets only so many direct messages wait for the nucleus', async () => {
      const answer = Promise.withResolvers<void>();
      link.answers['publishToTopic'] = () => answer.promise;
      await start(localBus(needs('classic')));
      const batch = Array.from({ length: 128 }, () => ALARM);
      assert.deepEqual(
        [bus.publishDirect(batch), bus.publishDirect(batch), bus.publishDirect([ALARM])],
        [true, true, false],
      );
      answer.resolve();
      await clock.advance(0);
      assert.equal(bus.publishDirect([ALARM]), true);
    });

    it('takes no more acknowledged messages than its window', async () => {
      const answer = Promise.withResolvers<void>();
      link.answers['publishToTopic'] = () => answer.promise;
      await start(localBus(needs('classic')));
      const limit = bus.window;
      const sent = Array.from({ length: limit }, () => bus.publishAcked(ALARM));
      assert.equal(bus.window, 0);
      assert.equal(await codeOf(bus.publishAcked(ALARM)), 'E_BUS_BUSY');
      answer.resolve();
      assert.deepEqual(await Promise.all(sent.map(codeOf)), Array(limit).fill('ok'));
      assert.equal(bus.window, limit);
    });

    it('makes a new client when the nucleus leaves a message unanswered', async () => {
      link.answers['publishToTopic'] = () => {
        throw refuse('E_IPC_TIMEOUT');
      };
      await start(localBus(needs('classic')));
      assert.equal(await codeOf(bus.publishAcked(ALARM)), 'E_BUS_OFFLINE');
      assert.deepEqual(
        link.renewed.map(({ code }) => code),
        ['E_IPC_TIMEOUT'],
      );
    });

    it('tells a missing permission as it is, and a flood of it once', async () => {
      link.answers['publishToTopic'] = () => {
        throw refuse('E_IPC_UNAUTHORIZED');
      };
      await start(localBus(needs('classic')));
      assert.equal(await codeOf(bus.publishAcked(ALARM)), 'E_IPC_UNAUTHORIZED');
      bus.publishDirect([ALARM, ALARM]);
      await clock.advance(0);
      bus.publishDirect([ALARM]);
      await clock.advance(0);
      assert.deepEqual(log.events, ['messages do not pass']);
      assert.equal(bus.state, 'online');
    });

    it('throws away what handlers cannot keep up with, and goes on', async () => {
      const slow = Promise.withResolvers<void>();
      const sizes: number[] = [];
      const made = localBus(needs('classic'));
      made.subscribe('a', 0, ({ payload }) => {
        sizes.push(payload.length);
        return slow.promise;
      });
      await start(made);
      const megabyte = { binaryMessage: { message: Buffer.alloc(1_000_000), context: { topic: 'a' } } };
      for (let i = 0; i < 8; i++) link.push('SubscribeToTopic', megabyte);
      slow.resolve();
      await clock.advance(0);
      assert.equal(sizes.length, 5, 'the one that is handled, and four that wait');
      assert.deepEqual(log.events, ['handlers do not keep up, messages are thrown away']);
    });
  });

  describe('AWS IoT Core', () => {
    it('carries response topic, correlation data and the retain flag both ways on classic', async () => {
      const came: Incoming[] = [];
      const made = iotCoreBus(needs('classic'));
      made.subscribe('cmd/+', 1, (message) => {
        came.push(message);
      });
      await start(made);
      const correlationData = Buffer.from('7');
      const message = {
        topicName: 'cmd/x',
        payload: Buffer.from('go'),
        responseTopic: 'r',
        correlationData,
        retain: true,
      };
      link.push('SubscribeToIoTCore', { message });
      assert.deepEqual(came, [
        { topic: 'cmd/x', payload: message.payload, responseTopic: 'r', correlationData, retained: true },
      ]);
      await bus.publishAcked({ topic: 'r', payload: 'done', correlationData, retain: true });
      assert.deepEqual(link.requests('publishToIoTCore').at(-1), {
        topicName: 'r',
        qos: '1',
        payload: 'done',
        retain: true,
        correlationData,
      });
    });

    it('sends topic and payload alone on lite, which knows no more', async () => {
      await start(iotCoreBus(needs('lite')));
      await bus.publishAcked({ topic: 'r', payload: 'done', correlationData: Buffer.from('7') });
      assert.deepEqual(link.requests('publishToIoTCore'), [{ topicName: 'r', qos: '1', payload: 'done' }]);
      assert.equal(await codeOf(bus.publishAcked({ ...ALARM, retain: true })), 'E_BUS_REJECTED');
    });

    it('refuses topics and payloads over which AWS IoT would cut the connection', async () => {
      await start(iotCoreBus(needs('classic')));
      assert.equal(await codeOf(bus.publishAcked({ topic: 'a/a/a/a/a/a/a/a/a', payload: '' })), 'E_TOPIC_INVALID');
      assert.equal(await codeOf(bus.publishAcked({ topic: '$aws/rules/r/a/a/a/a/a/a/a/a', payload: '' })), 'ok');
      assert.equal(await codeOf(bus.publishAcked({ topic: 'a', payload: new Uint8Array(131_073) })), 'E_BUS_TOO_LARGE');
      assert.equal(await codeOf(bus.publishAcked({ topic: 'a', payload: new Uint8Array(131_072) })), 'ok');
    });

    it('asks whether the cloud is there before it trusts the spool of classic, but not each time', async () => {
      await start(iotCoreBus(needs('classic')));
      await Promise.all([bus.publishAcked(ALARM), bus.publishAcked(ALARM)]);
      assert.deepEqual(published(), [`${PULSE} 0`, `${ALARM.topic} 1`, `${ALARM.topic} 1`]);
      await clock.advance(9_000);
      bus.publishDirect([ALARM]);
      await clock.advance(9_000);
      await bus.publishAcked(ALARM);
      assert.deepEqual(published().slice(3), [`${ALARM.topic} 0`, `${ALARM.topic} 1`]);
      await clock.advance(10_001);
      await bus.publishAcked(ALARM);
      assert.deepEqual(published().slice(5), [`${PULSE} 0`, `${ALARM.topic} 1`]);
    });

    for (const kind of ['classic', 'lite'] as const) {
      it(`goes offline with the cloud, and online when a message of its own passes: ${kind}`, async () => {
        let away = true;
        link.answers['publishToIoTCore'] = ({ qos }: { qos: string }) => {
          if (away && (kind === 'lite' || qos === '0')) throw refuse('E_IPC_FAILED', 'Failed to publish the message.');
        };
        const told: BusState[] = [];
        await start(iotCoreBus(needs(kind)));
        bus.onState((state) => told.push(state));
        assert.equal(await codeOf(bus.publishAcked(ALARM)), 'E_BUS_OFFLINE');
        assert.equal(bus.state, 'offline');
        assert.equal(bus.lastError?.code, 'E_BUS_UNREACHABLE');
        assert.equal(bus.window, 0);
        const before = published().length;
        await clock.advance(60_000);
        const probes = published().slice(before);
        assert.ok(probes.length >= 7 && probes.length <= 10, `with backoff: ${probes.length}`);
        assert.ok(probes.every((probe) => probe === `${PULSE} 0`));
        away = false;
        await clock.advance(30_000);
        assert.deepEqual(told, ['offline', 'online']);
        assert.equal(await codeOf(bus.publishAcked(ALARM)), 'ok');
      });
    }

    it('finds out by a direct message as well that the cloud is away', async () => {
      link.answers['publishToIoTCore'] = () => {
        throw refuse('E_IPC_FAILED', 'Device is offline. Dropping QoS 0 message.');
      };
      await start(iotCoreBus(needs('classic')));
      bus.publishDirect([ALARM, ALARM, ALARM]);
      await clock.advance(0);
      assert.equal(bus.state, 'offline');
      assert.equal(published().length, 4, 'one message asks for all of them');
    });

    it('waits for a nucleus that is full for a moment, and rejects a message that never passes alone', async () => {
      let full = 2;
      link.answers['publishToIoTCore'] = ({ topicName }: { topicName: string }) => {
        if (topicName === 'poison' || (topicName === ALARM.topic && full-- > 0)) throw refuse('E_IPC_FAILED');
      };
      await start(iotCoreBus(needs('lite')));
      const sent = codeOf(bus.publishAcked(ALARM));
      const never = codeOf(bus.publishAcked({ topic: 'poison', payload: 'x' }));
      await pass(1_000);
      assert.equal(await sent, 'ok');
      await pass(16_000);
      assert.equal(await never, 'E_BUS_REJECTED');
      assert.equal(bus.state, 'online');
    });

    it('lets the next real message find out where it may not ask', async () => {
      let away = true;
      link.answers['publishToIoTCore'] = ({ topicName }: { topicName: string }) => {
        if (topicName === PULSE) throw refuse('E_IPC_UNAUTHORIZED');
        if (away) throw refuse('E_IPC_FAILED');
      };
      await start(iotCoreBus(needs('lite')));
      assert.equal(await codeOf(bus.publishAcked(ALARM)), 'E_BUS_OFFLINE');
      assert.equal(bus.state, 'offline');
      away = false;
      await clock.advance(100);
      assert.equal(bus.state, 'online');
      assert.equal(await codeOf(bus.publishAcked(ALARM)), 'ok');
    });

    it('opens subscriptions again when the cloud is back, as lite may have forgotten them', async () => {
      let away = true;
      link.answers['publishToIoTCore'] = () => {
        if (away) throw refuse('E_IPC_FAILED');
      };
      const made = iotCoreBus(needs('lite'));
      made.subscribe('cmd/+', 1, () => {});
      await start(made);
      await bus.publishAcked(ALARM);
      away = false;
      await clock.advance(100);
      assert.equal(bus.state, 'online');
      assert.deepEqual(link.reopened, ['cmd/+']);
    });

    it('is not held up for ever by one subscription that the cloud does not take', async () => {
      const made = iotCoreBus(needs('classic'));
      made.subscribe('cmd/+', 1, () => {});
      link.refused['SubscribeToIoTCore'] = 'E_IPC_FAILED';
      await start(made);
      assert.equal(bus.state, 'connecting');
      for (const stream of link.streams) for (let i = 0; i < 2; i++) stream.outcome('E_IPC_FAILED');
      assert.equal(bus.state, 'online');
      assert.equal(bus.lastError?.code, 'E_IPC_FAILED');
      for (const stream of link.streams) stream.outcome();
      assert.equal(bus.lastError, undefined);
    });

    it('says that an acknowledgement is not final: how long, whether the way on is open, and what is lost with a connection', async () => {
      let away = false;
      link.answers['publishToIoTCore'] = ({ qos }: { qos: string }) => {
        if (away && qos === '0') throw refuse('E_IPC_FAILED');
      };
      await start(iotCoreBus(needs('classic')));
      const { settling = assert.fail() } = bus;
      assert.equal(settling.ms, 120_000);
      const before = settling.losses;
      assert.equal(await settling.isOpen(), true);
      away = true;
      await clock.advance(10_001);
      assert.equal(await settling.isOpen(), false);
      assert.equal(bus.state, 'offline');
      assert.equal(settling.losses, before, 'the nucleus has it all the same');
      link.goOffline();
      assert.equal(await settling.isOpen(), false);
      link.goOnline();
      await clock.advance(0);
      assert.equal(settling.losses, before + 1);
      assert.equal(localBus(needs('classic')).settling, undefined);
    });

    it('lets what is on the way arrive before it stops', async () => {
      const answer = Promise.withResolvers<void>();
      link.answers['publishToIoTCore'] = () => answer.promise;
      await start(iotCoreBus(needs('lite')));
      const sent = codeOf(bus.publishAcked(ALARM));
      const stopped = bus.stop(1_000);
      answer.resolve();
      await stopped;
      assert.equal(await sent, 'ok');
    });
  });

  it('tells the nuclei apart by the names of their sockets', async () => {
    bus = localBus(needs('lite'));
    assert.equal(nucleusKind('/greengrass/v2/ipc.socket'), 'classic');
    assert.equal(nucleusKind('/var/lib/greengrass/gg-ipc.socket'), 'lite');
  });
});
