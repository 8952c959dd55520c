import { liteObjectBytes, MAX_LITE_JSON_MESSAGE_BYTES } from '../../../../domain/nucleus-lite.ts';
import type { LocalMessage, ReceiveMode } from '../../pubsub.ts';
import { denied } from '../authorize.ts';
import type { Call, JsonObject, Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';
import { MAX_LITE_TOPIC_BYTES } from './publish-to-topic.ts';

export const subscribeToTopic: Operation = {
  name: 'SubscribeToTopic',
  events: 'SubscriptionResponseMessage',
  handle(call) {
    const { component, request, stream, nucleus } = call;
    const topic = request['topic'];
    const refusal = nucleus.services.mode === 'classic' ? refusedByClassic(call) : refusedByLite(call);
    if (refusal !== undefined) return refusal;
    const isLite = nucleus.services.mode === 'lite';
    const end = nucleus.pubsub.subscribe({
      filter: String(topic),
      component,
      receiveMode: receiveMode(request['receiveMode']),
      deliver: (on, message) => {
        // What lite has no room for ends the subscription, and nobody is told (get_subscription_response).
        if (isLite && isTooLarge(message)) end();
        else stream.send(event(on, message));
      },
    });
    stream.onClosed(end);
    return {};
  },
};

function refusedByClassic(call: Call): Refusal | undefined {
  const topic = call.request['topic'];
  const asked = typeof topic === 'string' ? topic : undefined;
  const refusal = denied(call, 'aws.greengrass.ipc.pubsub', 'SubscribeToTopic', asked);
  if (refusal !== undefined) return refusal;
  return asked === undefined ? new Refusal('InvalidArgumentsError', 'Subscribe topic must not be empty') : undefined;
}

function refusedByLite(call: Call): Refusal | undefined {
  const topic = call.request['topic'];
  if (typeof topic !== 'string') return new Refusal('ServiceError', 'Received invalid parameters.');
  const refusal = denied(call, 'aws.greengrass.ipc.pubsub', 'SubscribeToTopic', topic);
  if (refusal !== undefined) return refusal;
  const fits = topic !== '' && Buffer.byteLength(topic) <= MAX_LITE_TOPIC_BYTES;
  return fits ? undefined : new Refusal('ServiceError', 'Failed to bind subscription.');
}

function isTooLarge(message: LocalMessage): boolean {
  return message.kind === 'json' && liteObjectBytes(message.message) > MAX_LITE_JSON_MESSAGE_BYTES;
}

function receiveMode(asked: unknown): ReceiveMode | undefined {
  return asked === 'RECEIVE_ALL_MESSAGES' || asked === 'RECEIVE_MESSAGES_FROM_OTHERS' ? asked : undefined;
}

function event(topic: string, message: LocalMessage): JsonObject {
  const context = { topic };
  return message.kind === 'json'
    ? { jsonMessage: { message: message.message, context } }
    : { binaryMessage: { message: message.base64, context } };
}
