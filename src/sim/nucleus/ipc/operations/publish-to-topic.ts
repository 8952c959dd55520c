import type { LocalMessage } from '../../pubsub.ts';
import { denied } from '../authorize.ts';
import type { Call, JsonObject, Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';
import { isObject } from '../request.ts';

/** GGL_PUBSUB_MAX_TOPIC_LENGTH */
export const MAX_LITE_TOPIC_BYTES = 256;

export const publishToTopic: Operation = {
  name: 'PublishToTopic',
  handle: (call) => (call.nucleus.services.mode === 'classic' ? onClassic(call) : onLite(call)),
};

function onClassic(call: Call): JsonObject | Refusal {
  const { component, request, nucleus } = call;
  const topic = request['topic'];
  const asked = typeof topic === 'string' ? topic : undefined;
  const refusal = denied(call, 'aws.greengrass.ipc.pubsub', 'PublishToTopic', asked);
  if (refusal !== undefined) return refusal;
  if (asked === undefined) return new Refusal('InvalidArgumentsError', 'Publish topic must not be null');
  if (/[+#*]/.test(asked)) return new Refusal('InvalidArgumentsError', 'Publish topic must not contain a wildcard.');
  const message = readMessage(request['publishMessage']);
  // The real one trips over the empty union, and passes on what the exception says.
  if (message === undefined) return new Refusal('ServiceError');
  nucleus.pubsub.publish(component, asked, message);
  return {};
}

function onLite(call: Call): JsonObject | Refusal {
  const { component, request, nucleus } = call;
  const topic = request['topic'];
  const message = readMessage(request['publishMessage']);
  if (typeof topic !== 'string' || message === undefined) {
    return new Refusal('ServiceError', 'Received invalid parameters.');
  }
  const refusal = denied(call, 'aws.greengrass.ipc.pubsub', 'PublishToTopic', topic);
  if (refusal !== undefined) return refusal;
  if (Buffer.byteLength(topic) > MAX_LITE_TOPIC_BYTES) {
    return new Refusal('ServiceError', 'Failed to publish the message.');
  }
  nucleus.pubsub.publish(component, topic, message);
  return {};
}

/** Exactly one of `jsonMessage` and `binaryMessage`. */
function readMessage(published: unknown): LocalMessage | undefined {
  if (!isObject(published)) return undefined;
  const { jsonMessage, binaryMessage } = published;
  if ((jsonMessage === undefined) === (binaryMessage === undefined)) return undefined;
  if (isObject(jsonMessage)) {
    const message = jsonMessage['message'];
    return message === undefined ? undefined : { kind: 'json', message };
  }
  const base64 = isObject(binaryMessage) ? binaryMessage['message'] : undefined;
  return typeof base64 === 'string' ? { kind: 'binary', base64 } : undefined;
}
