import type { IotMessage } from '../../iot-core.ts';
import type { NucleusMode } from '../../services.ts';
import { denied } from '../authorize.ts';
import { classicQos, liteQos } from '../iot-fields.ts';
import type { Answer, Call, JsonObject, Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';

export const subscribeToIoTCore: Operation = {
  name: 'SubscribeToIoTCore',
  events: 'IoTCoreMessage',
  handle: (call) => (call.nucleus.services.mode === 'classic' ? onClassic(call) : onLite(call)),
};

async function onClassic(call: Call): Promise<Answer> {
  const { topicName: filter } = call.request;
  if (typeof filter !== 'string') return new Refusal('InvalidArgumentsError', 'Topic is required');
  if (denied(call, 'aws.greengrass.ipc.mqttproxy', 'SubscribeToIoTCore', filter)) {
    return new Refusal('UnauthorizedError', 'Not Authorized');
  }
  const qos = classicQos(call.request['qos']);
  if (qos instanceof Refusal) return qos;
  const reason = await subscribe(call, filter, qos);
  if (reason === undefined) return {};
  return new Refusal('ServiceError', `Subscribe to topic ${filter} failed with error ${reason}`);
}

async function onLite(call: Call): Promise<Answer> {
  const { topicName: filter } = call.request;
  if (typeof filter !== 'string') return new Refusal('ServiceError', 'Received invalid parameters.');
  const qos = call.request['qos'] === null ? 0 : liteQos(call.request['qos']);
  if (qos instanceof Refusal) return qos;
  const refusal = denied(call, 'aws.greengrass.ipc.mqttproxy', 'SubscribeToIoTCore', filter);
  if (refusal !== undefined) return refusal;
  const reason = await subscribe(call, filter, qos);
  return reason === undefined ? {} : new Refusal('ServiceError', 'Failed to bind the subscription.');
}

/** Resolves with why it was refused. */
async function subscribe({ stream, nucleus }: Call, filter: string, qos: 0 | 1 | 2): Promise<string | undefined> {
  const { iotCore, services } = nucleus;
  const closed = new AbortController();
  stream.onClosed(() => closed.abort());
  const deliver = (message: IotMessage) => stream.send(event(services.mode, message));
  const subscribed = await iotCore.subscribe(filter, qos, deliver, closed.signal);
  if (typeof subscribed !== 'function') return subscribed.reason;
  stream.onClosed(subscribed);
  return undefined;
}

function event(mode: NucleusMode, { topic, payload, retain }: IotMessage): JsonObject {
  const common = { topicName: topic, payload: Buffer.from(payload).toString('base64') };
  return { message: mode === 'classic' ? { ...common, retain, payloadFormat: '0' } : common };
}
