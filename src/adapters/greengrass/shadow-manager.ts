import type { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { type ErrorCode, type Failure, failure, ok, type Result } from '../../domain/errors.ts';
import { readServiceMessage } from '../shadow/service-message.ts';
import { ANSWER_DEADLINE_MS, shadowPrefix } from '../shadow/shadow-topics.ts';
import type { IpcLink } from './link.ts';
import { bytesOf } from './payload.ts';
import { type Close, type Deliver, openStreams, type Request, type ShadowService } from './shadow-service.ts';

export type ShadowManagerNeeds = {
  readonly thing: string;
  /** Name of the named shadow. */
  readonly name: string;
  readonly link: Pick<IpcLink, 'call' | 'subscribe'>;
};

type Pushed = greengrasscoreipc.model.SubscriptionResponseMessage;

/** What ShadowManager publishes of its own accord, on local topics; all else it answers to the request itself. */
const PUSHED = ['/update/delta', '/update/accepted'] as const;
const IN_TIME = { deadlineMs: ANSWER_DEADLINE_MS };
/** What a service on topics says when there is no shadow yet. */
const NO_SHADOW = 404;

/** Greengrass's ShadowManager: requests go over IPC, and their answers are delivered as on the answering topics. */
export class ShadowManager implements ShadowService {
  readonly #needs: ShadowManagerNeeds;
  readonly #prefix: string;
  readonly #deliver: Deliver;
  #ends: Close[] = [];
  /** Of our last update: ShadowManager tells it on the local topic as well. */
  #ownToken: string | undefined;

  constructor(needs: ShadowManagerNeeds, deliver: Deliver) {
    this.#needs = needs;
    this.#prefix = shadowPrefix(needs.thing, needs.name);
    this.#deliver = deliver;
  }

  /** Asks for the document, to learn whether anybody answers. That there is none yet is an answer too. */
  async ask(): Promise<Result<void>> {
    const answer = await this.#get();
    return answer.ok || isNoShadow(answer.error) ? ok(undefined) : answer;
  }

  open(topics: readonly string[], standing: () => void): void {
    this.#ends = openStreams<Pushed>(
      this.#needs.link,
      topics.filter((topic) => PUSHED.some((end) => topic.endsWith(end))),
      (topic) => ({
        operation: 'SubscribeToTopic',
        open: (client) => client.subscribeToTopic({ topic }),
        onMessage: ({ binaryMessage, jsonMessage }) => {
          this.#pushed(topic, bytesOf(binaryMessage?.message ?? JSON.stringify(jsonMessage?.message ?? null)));
        },
      }),
      standing,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#ends.splice(0).map((end) => end()));
  }

  async request({ topic, payload }: Request): Promise<Result<void>> {
    const asked = bytesOf(payload);
    const clientToken = readServiceMessage(asked)?.clientToken;
    const isGet = topic === `${this.#prefix}/get`;
    if (!isGet) this.#ownToken = clientToken;
    const answer = isGet ? await this.#get() : await this.#update(asked);
    if (answer.ok) {
      const { state, version } = readServiceMessage(bytesOf(answer.value.payload)) ?? {};
      this.#answer(`${topic}/accepted`, { state, version, clientToken });
    } else if (isGet && isNoShadow(answer.error)) {
      this.#answer(`${topic}/rejected`, { code: NO_SHADOW, message: answer.error.message, clientToken });
    } else return { ok: false, error: asShadowFailure(answer.error) };
    return ok(undefined);
  }

  #get() {
    const shadow = { thingName: this.#needs.thing, shadowName: this.#needs.name };
    const request = { operation: 'GetThingShadow', resource: this.#prefix };
    return this.#needs.link.call(request, (client) => client.getThingShadow(shadow), IN_TIME);
  }

  #update(payload: Uint8Array) {
    const shadow = { thingName: this.#needs.thing, shadowName: this.#needs.name, payload };
    const request = { operation: 'UpdateThingShadow', resource: this.#prefix };
    return this.#needs.link.call(request, (client) => client.updateThingShadow(shadow), IN_TIME);
  }

  #pushed(topic: string, payload: Uint8Array): void {
    const token = readServiceMessage(payload)?.clientToken;
    const answered = topic.endsWith('/accepted') && token !== undefined && token === this.#ownToken;
    if (!answered) this.#deliver(topic, payload);
  }

  #answer(topic: string, body: object): void {
    this.#deliver(topic, Buffer.from(JSON.stringify(body)));
  }
}

function isNoShadow({ code }: Failure): boolean {
  return code === 'E_IPC_NOT_FOUND';
}

/** Who reports knows shadows, not IPC. What is not allowed keeps its name. */
const CODES: Readonly<Partial<Record<ErrorCode, ErrorCode>>> = {
  E_IPC_OFFLINE: 'E_BUS_OFFLINE',
  E_IPC_TIMEOUT: 'E_SHADOW_UNACKNOWLEDGED',
};

function asShadowFailure(error: Failure): Failure {
  if (error.code === 'E_IPC_UNAUTHORIZED') return error;
  return failure(CODES[error.code] ?? 'E_SHADOW_REJECTED', error.message, error);
}
