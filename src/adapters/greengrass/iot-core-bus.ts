import type { model } from 'aws-iot-device-sdk-v2/dist/greengrasscoreipc.js';
import { type Failure, failure } from '../../domain/errors.ts';
import type { Bus, Incoming, Outgoing } from '../../ports/bus.ts';
import { IpcBus, type IpcBusNeeds } from './ipc-bus.ts';
import type { IpcTransport } from './ipc-transport.ts';
import { type NucleusKind, tooLarge } from './packet-limit.ts';
import { bytesOf } from './payload.ts';

/** AWS IoT Core's quotas: of a payload, of a topic, and of the slashes in it. It cuts the connection over the last two. */
const MAX_BYTES = 131_072;
const MAX_TOPIC_BYTES = 256;
const MAX_SLASHES = 7;
/** The rules engine's own topics (basic ingest): what stands before the real topic does not count. */
const BASIC_INGEST = /^\$aws\/rules\/[^/]+\//;
/** Nucleus lite keeps ten unacknowledged messages for all components (IOTCORED_MQTT_MAX_PUBLISH_RECORDS). */
const MAX_IN_FLIGHT = 8;

/**
 * The nucleus notices a dead connection after its keep-alive of 60 s and 30 s for the answer, connects anew and sends again
 * what was not acknowledged: what it has had for longer than that, over a connection that stands, has arrived.
 */
const SETTLE_MS = 120_000;

export type IotCoreBusNeeds = IpcBusNeeds & {
  readonly thing: string;
  readonly kind: NucleusKind;
  readonly settleMs?: number | undefined;
};

/**
 * Makes the bus to AWS IoT Core over the nucleus's own connection.
 *
 * The classic nucleus carries the response topic, correlation data and the retain flag both ways; lite carries topic and
 * payload only. There a command's answer goes to the `replyTo` of its envelope, and a message to retain is refused.
 *
 * An acknowledgement means that the nucleus has the message: the classic one in its spool (in memory, unless
 * aws.greengrass.DiskSpooler is deployed), lite that it was written to the connection. So it is not final (`settling`).
 */
export function iotCoreBus(needs: IotCoreBusNeeds): Bus {
  return new IpcBus(needs, transportOf(needs));
}

/** Where we publish to learn whether AWS IoT can be reached; recipe and policy allow it. */
export function iotCorePulseTopic(thing: string): string {
  return `edge-agent/${thing}/pulse`;
}

function transportOf({ kind, thing, settleMs = SETTLE_MS }: IotCoreBusNeeds): IpcTransport {
  return {
    name: 'AWS IoT Core',
    publishOperation: 'PublishToIoTCore',
    maxInFlight: MAX_IN_FLIGHT,
    spools: kind === 'classic',
    settleMs,
    // It subscribes again after a loss, once; what fails then is dropped from its table (iotcored_re_register_all_subs).
    forgets: kind === 'lite',
    probeTopic: iotCorePulseTopic(thing),
    refusal: (message) => refusalOf(message, kind),
    send: (client, message, qos) => client.publishToIoTCore(requestOf(message, qos, kind)),
    receive: (link, { filter, qos, onMessage, onOutcome }) =>
      link.subscribe<model.IoTCoreMessage>({
        operation: 'SubscribeToIoTCore',
        resource: filter,
        open: (client) => client.subscribeToIoTCore({ topicName: filter, qos: qosOf(qos) }),
        onMessage: ({ message }) => {
          if (message !== undefined) onMessage(read(message));
        },
        onOutcome,
      }),
  };
}

function refusalOf(message: Outgoing, kind: NucleusKind): Failure | undefined {
  const { topic, retain } = message;
  const counted = topic.replace(BASIC_INGEST, '');
  if (Buffer.byteLength(counted) > MAX_TOPIC_BYTES || counted.split('/').length - 1 > MAX_SLASHES) {
    const rule = `at most ${MAX_TOPIC_BYTES} bytes and ${MAX_SLASHES} slashes on AWS IoT Core`;
    return failure('E_TOPIC_INVALID', `${JSON.stringify(topic)}: ${rule}`);
  }
  if (retain && kind === 'lite') {
    return failure('E_BUS_REJECTED', `nucleus lite does not retain messages (topic ${topic})`);
  }
  return tooLarge(message, kind, MAX_BYTES);
}

function requestOf(message: Outgoing, qos: 0 | 1, kind: NucleusKind): model.PublishToIoTCoreRequest {
  const { topic, payload, retain, correlationData } = message;
  const request = { topicName: topic, qos: qosOf(qos), payload };
  if (kind === 'lite') return request;
  return { ...request, ...(retain && { retain }), ...(correlationData && { correlationData }) };
}

/** The SDK's enumeration would load it. */
function qosOf(qos: 0 | 1): model.QOS {
  return String(qos) as model.QOS;
}

function read({ topicName, payload, responseTopic, correlationData, retain }: model.MQTTMessage): Incoming {
  return {
    topic: topicName,
    payload: payload === undefined ? new Uint8Array() : bytesOf(payload),
    responseTopic,
    correlationData: correlationData === undefined ? undefined : bytesOf(correlationData),
    retained: retain ?? false,
  };
}
