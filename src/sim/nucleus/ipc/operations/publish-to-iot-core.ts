import { denied } from '../authorize.ts';
import { classicQos, decodeBase64, liteQos } from '../iot-fields.ts';
import type { Answer, Call, Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';

export const publishToIoTCore: Operation = {
  name: 'PublishToIoTCore',
  handle: (call) => (call.nucleus.services.mode === 'classic' ? onClassic(call) : onLite(call)),
};

function onClassic(call: Call): Answer {
  const { topicName: topic, payload, retain } = call.request;
  if (typeof topic !== 'string') return new Refusal('InvalidArgumentsError', 'Topic is required');
  // Unlike everywhere else, classic keeps to itself who was refused what.
  if (denied(call, 'aws.greengrass.ipc.mqttproxy', 'PublishToIoTCore', topic)) {
    return new Refusal('UnauthorizedError', 'Not Authorized');
  }
  const bytes = decodeBase64(payload);
  if (bytes === undefined) return new Refusal('InvalidArgumentsError', 'Payload is required');
  const qos = classicQos(call.request['qos']);
  if (qos instanceof Refusal) return qos;
  const refused = call.nucleus.iotCore.publish({ topic, payload: bytes, qos, retain: retain === true });
  return refused === undefined
    ? {}
    : new Refusal('ServiceError', `Publish to topic ${topic} failed: ${refused.reason}`);
}

function onLite(call: Call): Answer {
  const { topicName: topic, payload } = call.request;
  const text = payload ?? '';
  if (typeof topic !== 'string' || typeof text !== 'string') {
    return new Refusal('ServiceError', 'Received invalid parameters.');
  }
  const qos = liteQos(call.request['qos']);
  if (qos instanceof Refusal) return qos;
  const bytes = decodeBase64(text);
  if (bytes === undefined) return new Refusal('ServiceError', "'payload' is not valid base64.");
  const refusal = denied(call, 'aws.greengrass.ipc.mqttproxy', 'PublishToIoTCore', topic);
  if (refusal !== undefined) return refusal;
  // It knows no `retain`.
  const refused = call.nucleus.iotCore.publish({ topic, payload: bytes, qos, retain: false });
  return refused === undefined ? {} : new Refusal('ServiceError', 'Failed to publish the message.');
}
