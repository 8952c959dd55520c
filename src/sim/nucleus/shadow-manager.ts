import type { LocalMessage, PubSub } from './pubsub.ts';
import { readShadowTopic, ShadowService } from './shadow-service.ts';

/** The component of Greengrass that this stands for. */
export const SHADOW_MANAGER = 'aws.greengrass.ShadowManager';

/**
 * The ShadowManager component: shadows on the device. They are asked for by IPC or on their topics on the local bus, and
 * told on that bus. It keeps them to itself: nothing here carries them to the cloud.
 */
export class ShadowManager {
  readonly #pubsub: PubSub;
  readonly service: ShadowService;
  #end: (() => void) | undefined;

  constructor(pubsub: PubSub) {
    this.#pubsub = pubsub;
    this.service = new ShadowService({
      now: Date.now,
      // It sends bytes, not JSON messages.
      say: (topic, body) => {
        const base64 = Buffer.from(JSON.stringify(body)).toString('base64');
        pubsub.publish(SHADOW_MANAGER, topic, { kind: 'binary', base64 });
      },
    });
  }

  start(): void {
    this.#end ??= this.#pubsub.subscribe({
      filter: '$aws/things/+/shadow/#',
      component: SHADOW_MANAGER,
      receiveMode: 'RECEIVE_MESSAGES_FROM_OTHERS',
      deliver: (topic, message) => this.#take(topic, message),
    });
  }

  /** Idempotent. What it keeps is there again after `start`. */
  stop(): void {
    this.#end?.();
    this.#end = undefined;
  }

  #take(topic: string, message: LocalMessage): void {
    const request = readShadowTopic(topic);
    if (request !== undefined) this.service.handle(request.verb, request.key, payloadOf(message));
  }
}

function payloadOf(message: LocalMessage): Uint8Array {
  return message.kind === 'binary'
    ? Buffer.from(message.base64, 'base64')
    : Buffer.from(JSON.stringify(message.message));
}
