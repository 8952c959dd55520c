import type { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import type { Result } from '../../domain/errors.ts';
import type { Bus } from '../../ports/bus.ts';
import type { IpcLink } from './link.ts';
import { bytesOf } from './payload.ts';
import { type Close, type Deliver, openStreams, type Request, type ShadowService } from './shadow-service.ts';

type Message = greengrasscoreipc.model.IoTCoreMessage;
const AT_LEAST_ONCE = '1' as greengrasscoreipc.model.QOS;

/**
 * The shadow service of AWS IoT Core. Its topics are not subscribed to on the bus, which takes no subscription back and
 * does not say when one stands: where ShadowManager is, nothing of this is wanted, nor needs a permission.
 */
export class CloudShadow implements ShadowService {
  readonly #link: Pick<IpcLink, 'subscribe'>;
  readonly #iotCore: Pick<Bus, 'publishAcked'>;
  readonly #deliver: Deliver;
  #ends: Close[] = [];

  constructor(link: Pick<IpcLink, 'subscribe'>, iotCore: Pick<Bus, 'publishAcked'>, deliver: Deliver) {
    this.#link = link;
    this.#iotCore = iotCore;
    this.#deliver = deliver;
  }

  open(topics: readonly string[], standing: () => void): void {
    this.#ends = openStreams<Message>(
      this.#link,
      topics,
      (topicName) => ({
        operation: 'SubscribeToIoTCore',
        open: (client) => client.subscribeToIoTCore({ topicName, qos: AT_LEAST_ONCE }),
        onMessage: ({ message }) => this.#deliver(topicName, bytesOf(message?.payload ?? '')),
      }),
      standing,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#ends.splice(0).map((end) => end()));
  }

  request(message: Request): Promise<Result<void>> {
    return this.#iotCore.publishAcked(message);
  }
}
