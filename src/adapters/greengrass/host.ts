import type { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { ok, type Result } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ComponentHost, ComponentState, Hold } from '../../ports/component-host.ts';
import type { Log } from '../../ports/log.ts';
import { answerDeployment, type Holding } from './deferral.ts';
import type { IpcLink } from './link.ts';

export type HostNeeds = {
  readonly link: Pick<IpcLink, 'call' | 'subscribe' | 'onState'>;
  readonly clock: Clock;
  readonly log: Log;
};

type Updates = greengrasscoreipc.model.ComponentUpdatePolicyEvents;
type Reported = greengrasscoreipc.model.ReportedLifecycleState;
const STATES: Readonly<Record<ComponentState, string>> = { running: 'RUNNING', errored: 'ERRORED' };

type AskHold = () => Hold | undefined;

/**
 * The nucleus that runs us as a component. Classic asks before a deployment that notifies components (local ones do not)
 * and waits for the answer of each that has subscribed, by default 60 s: so every question is answered, also with yes.
 * Lite never asks. `errored` makes classic stop and start the component; to lite it means nothing.
 */
export class GreengrassHost implements ComponentHost {
  readonly #needs: HostNeeds;
  readonly #ends: (() => unknown)[] = [];
  #started = false;
  #state: ComponentState | undefined;
  #hold: AskHold | undefined;
  #endUpdates: (() => Promise<void>) | undefined;
  #holding: Holding | undefined;
  #told = false;

  constructor(needs: HostNeeds) {
    this.#needs = needs;
  }

  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    const endListening = this.#needs.link.onState((state) => {
      if (state === 'online' && this.#state !== undefined) void this.#tell(this.#state);
    });
    this.#ends.push(endListening, () => this.#endUpdates?.());
    this.#listen();
  }

  async stop(): Promise<void> {
    this.#started = false;
    await Promise.all(this.#ends.splice(0).map((end) => end()));
    this.#endUpdates = undefined;
  }

  report(state: ComponentState): Promise<Result<void>> {
    this.#state = state;
    return this.#tell(state);
  }

  onDeployment(hold: AskHold): () => void {
    this.#hold = hold;
    this.#listen();
    return () => {
      if (this.#hold === hold) this.#hold = undefined;
    };
  }

  async #tell(state: ComponentState): Promise<Result<void>> {
    const { link, log } = this.#needs;
    const told = await link.call({ operation: 'UpdateState' }, (client) =>
      client.updateState({ state: STATES[state] as Reported }),
    );
    if (told.ok) return ok(undefined);
    const { code, message } = told.error;
    // Offline it is told with the next connection, and the link has said why there is none.
    if (code !== 'E_IPC_OFFLINE' && !this.#told) {
      log.warn({ state, code, reason: message }, 'state of the component not reported');
      this.#told = true;
    }
    return code === 'E_IPC_UNSUPPORTED' ? ok(undefined) : told;
  }

  /** Not before somebody can answer: a deployment waits for whom it asks. */
  #listen(): void {
    if (!this.#started || this.#hold === undefined || this.#endUpdates !== undefined) return;
    this.#endUpdates = this.#needs.link.subscribe<Updates>({
      operation: 'SubscribeToComponentUpdates',
      open: (client) => client.subscribeToComponentUpdates({}),
      onMessage: ({ preUpdateEvent, postUpdateEvent }) => {
        if (preUpdateEvent !== undefined) void this.#answer(preUpdateEvent.deploymentId);
        if (postUpdateEvent === undefined) return;
        this.#needs.log.info({ deploymentId: postUpdateEvent.deploymentId }, 'deployment done or given up');
      },
    });
  }

  async #answer(deploymentId: string): Promise<void> {
    const { clock, link, log } = this.#needs;
    const hold = this.#askHold();
    const answer = answerDeployment(hold, this.#holding, clock.monotonic());
    this.#holding = answer.holding;
    const { recheckAfterMs, heldMs } = answer;
    const reason = hold?.reason;
    if (answer.exhausted) log.error({ deploymentId, heldMs, reason }, 'deployment let through: it has waited too long');
    else if (hold !== undefined) log.info({ deploymentId, heldMs, recheckAfterMs, reason }, 'deployment asked to wait');
    else log.info({ deploymentId, heldMs }, 'deployment may come');
    const request = { deploymentId, recheckAfterMs, ...(reason === undefined ? {} : { message: reason }) };
    const sent = await link.call({ operation: 'DeferComponentUpdate' }, (client) =>
      client.deferComponentUpdate(request),
    );
    if (sent.ok) return;
    log.warn({ deploymentId, code: sent.error.code, reason: sent.error.message }, 'answer not delivered');
  }

  #askHold(): Hold | undefined {
    try {
      return this.#hold?.();
    } catch (err) {
      this.#needs.log.error({ err }, 'nobody could say whether a deployment may come: it may');
      return undefined;
    }
  }
}
