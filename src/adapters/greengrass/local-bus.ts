import type { model } from 'aws-iot-device-sdk-v2/dist/greengrasscoreipc.js';
import { type Failure, failure } from '../../domain/errors.ts';
import type { Bus, Incoming, Outgoing } from '../../ports/bus.ts';
import { IpcBus, type IpcBusNeeds } from './ipc-bus.ts';
import type { IpcTransport } from './ipc-transport.ts';
import { type NucleusKind, tooLarge } from './packet-limit.ts';
import { bytesOf } from './payload.ts';

/** As from any broker (adapters/mqtt): room for a second of raw vibration of many channels. */
const MAX_BYTES = 1_048_576;
/** The nucleus answers within a millisecond or two; more on the way would only wait in its queue. */
const MAX_IN_FLIGHT = 50;
/** Nucleus lite takes no longer topic (GGL_PUBSUB_MAX_TOPIC_LENGTH), and AWS IoT neither. */
const MAX_TOPIC_BYTES = 256;

/**
 * Nucleus lite ends a subscription without a word when a message in JSON comes that it has no room for: more than 44 items
 * of lists, or 23 keys (core-bus, client_subscribe.c). Any component may send one.
 */
const MAX_LITE_SILENCE_MS = 30_000;

/** A component hears itself on plain topics, but not on wildcards, unless it asks to. Lite knows no such thing and always does. */
const ALL = 'RECEIVE_ALL_MESSAGES' as model.ReceiveMode;

export type LocalBusNeeds = IpcBusNeeds & { readonly thing: string; readonly kind: NucleusKind };

/**
 * Makes the bus of the components of this device: Greengrass's local publish/subscribe. It knows neither QoS (the
 * nucleus's answer is the acknowledgement), nor retained messages, nor response topics.
 */
export function localBus(needs: LocalBusNeeds): Bus {
  return new IpcBus(needs, transportOf(needs));
}

/** Where we publish to learn whether messages pass; the recipe allows it. */
export function localPulseTopic(thing: string): string {
  return `edge-agent/${thing}/pulse`;
}

function transportOf({ kind, thing }: LocalBusNeeds): IpcTransport {
  return {
    name: 'local publish/subscribe',
    publishOperation: 'PublishToTopic',
    maxInFlight: MAX_IN_FLIGHT,
    spools: false,
    settleMs: undefined,
    forgets: false,
    probeTopic: localPulseTopic(thing),
    refusal: (message) => refusalOf(message, kind),
    send: (client, { topic, payload }) =>
      client.publishToTopic({ topic, publishMessage: { binaryMessage: { message: payload } } }),
    receive: (link, { filter, onMessage, onOutcome }) =>
      link.subscribe<model.SubscriptionResponseMessage>({
        operation: 'SubscribeToTopic',
        resource: filter,
        maxSilenceMs: kind === 'lite' ? MAX_LITE_SILENCE_MS : undefined,
        open: (client) => client.subscribeToTopic({ topic: filter, receiveMode: ALL }),
        onMessage: (message) => {
          const incoming = read(message, filter);
          if (incoming !== undefined) onMessage(incoming);
        },
        onOutcome,
      }),
  };
}

function refusalOf(message: Outgoing, kind: NucleusKind): Failure | undefined {
  const { topic, retain } = message;
  // The classic nucleus takes * for a wildcard.
  if (topic.includes('*') || Buffer.byteLength(topic) > MAX_TOPIC_BYTES) {
    return failure('E_TOPIC_INVALID', `${JSON.stringify(topic)} on local publish/subscribe`);
  }
  if (retain) return failure('E_BUS_REJECTED', `local publish/subscribe retains nothing (topic ${topic})`);
  return tooLarge(message, kind, MAX_BYTES);
}

/** Components publish bytes or JSON; for whoever decodes it, JSON is its text. */
function read({ binaryMessage, jsonMessage }: model.SubscriptionResponseMessage, filter: string): Incoming | undefined {
  const topic = (binaryMessage ?? jsonMessage)?.context?.topic ?? filter;
  if (binaryMessage?.message !== undefined) return { topic, payload: bytesOf(binaryMessage.message), retained: false };
  if (jsonMessage === undefined) return undefined;
  return { topic, payload: Buffer.from(JSON.stringify(jsonMessage.message ?? null)), retained: false };
}
