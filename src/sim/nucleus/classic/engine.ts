import { Configuration, type ConfigurationNode } from '../configuration.ts';
import type { Applied, Device, Engine } from '../device.ts';
import type { DeploymentDocument } from '../document.ts';
import { sameJson } from '../json.ts';
import { Refused } from '../refused.ts';
import type { SavedComponent } from '../saved-state.ts';
import type { JsonValue, ReportedState } from '../services.ts';
import { SECONDS } from '../timing.ts';
import type { UpdateNotices } from '../update-notices.ts';
import { makePlan, type Plan, type Snapshot } from './plan.ts';
import { Services } from './services.ts';

/** The classic nucleus: a life cycle for each component, and deployments that can be taken back. */
export class ClassicEngine implements Engine {
  readonly #device: Device;
  readonly #notices: UpdateNotices;
  readonly #services: Services;

  constructor(device: Device, notices: UpdateNotices) {
    this.#device = device;
    this.#notices = notices;
    this.#services = new Services(device);
  }

  /** Every component begins at NEW: install runs again at each start of the nucleus. */
  async start(): Promise<void> {
    await this.#services.bind();
    for (const name of this.#device.components.keys()) this.#services.get(name)?.requestStart();
  }

  async apply(deploymentId: string, document: DeploymentDocument, signal: AbortSignal): Promise<Applied> {
    let plan: Plan;
    try {
      plan = await makePlan(this.#device, document);
      await this.#askComponents(deploymentId, document, plan, signal);
    } catch (cause) {
      if (!(cause instanceof Refused)) throw cause;
      this.#notices.tellDone(deploymentId);
      return { status: 'FAILED_NO_STATE_CHANGE', reason: cause.message };
    }
    const mayRollBack = (document.failureHandlingPolicy ?? DEFAULT_POLICY[document.source]) === 'ROLLBACK';
    const applied = await this.#activate(plan, mayRollBack, signal);
    if (applied.status === 'SUCCEEDED' || applied.status === 'FAILED_ROLLBACK_NOT_REQUESTED') {
      this.#device.targets.set(plan.target, plan.own);
    }
    await this.#removeStale();
    this.#notices.tellDone(deploymentId);
    return applied;
  }

  stateOf(component: string): string {
    if (this.#device.components.get(component)?.isProvided === true) return 'RUNNING';
    return this.#services.get(component)?.state ?? 'NEW';
  }

  report(component: string, state: ReportedState): void {
    this.#services.get(component)?.report(state);
  }

  restart(component: string): boolean {
    const service = this.#services.get(component);
    if (service?.state === 'BROKEN') service.requestReinstall();
    else service?.requestRestart();
    return service !== undefined;
  }

  async stop(): Promise<void> {
    await this.#services.stop();
  }

  /** Lets components defer the update, and those whose configuration alone changes refuse it. */
  async #askComponents(id: string, document: DeploymentDocument, plan: Plan, signal: AbortSignal): Promise<void> {
    const { components, configuration, secondMs } = this.#device;
    const policy = document.componentUpdatePolicy;
    if (policy?.action !== 'SKIP_NOTIFY_COMPONENTS') {
      await this.#notices.untilAllowed([...components.keys()], id, policy?.timeoutInSeconds, signal);
    }
    const refusals: string[] = [];
    for (const [name, node] of plan.configuration) {
      const isSameVersion = components.get(name)?.version === plan.components.get(name)?.version;
      const proposed = plainValue(node);
      if (!isSameVersion || sameJson(proposed, configuration.get(name, []) ?? {})) continue;
      const reasons = await configuration.validate(name, proposed, id, SECONDS.validation * secondMs);
      refusals.push(...reasons.map((reason) => `{ name = ${name}, message = ${reason} }`));
    }
    if (refusals.length > 0) {
      throw new Refused(`Components reported that their to-be-deployed configuration is invalid ${refusals.join(' ')}`);
    }
  }

  async #activate(plan: Plan, mayRollBack: boolean, signal: AbortSignal): Promise<Applied> {
    const before = this.#snapshot(plan);
    const broken = [...before.components.keys()].filter((name) => this.stateOf(name) === 'BROKEN');
    const mergedAt = this.#device.time.monotonic();
    await this.#merge(plan);
    try {
      await this.#untilUp([...plan.components.keys()], mergedAt, signal);
      await this.#removeObsolete(plan.components);
      return { status: 'SUCCEEDED' };
    } catch (cause) {
      if (!(cause instanceof Refused)) throw cause;
      if (!mayRollBack) return { status: 'FAILED_ROLLBACK_NOT_REQUESTED', reason: cause.message };
      return this.#rollBack(before, broken, cause.message, signal);
    }
  }

  /** What was broken before may be so again. */
  async #rollBack(before: Snapshot, broken: readonly string[], reason: string, signal: AbortSignal): Promise<Applied> {
    const mergedAt = this.#device.time.monotonic();
    try {
      await this.#merge(before);
      const tracked = [...before.components.keys()].filter((name) => !broken.includes(name));
      await this.#untilUp(tracked, mergedAt, signal);
      await this.#removeObsolete(before.components);
      return { status: 'FAILED_ROLLBACK_COMPLETE', reason };
    } catch (cause) {
      if (!(cause instanceof Refused)) throw cause;
      return { status: 'FAILED_UNABLE_TO_ROLLBACK', reason: `${reason}; then ${cause.message}` };
    }
  }

  #snapshot(plan: Plan): Snapshot {
    const { components, configuration } = this.#device;
    const names = new Set([...components.keys(), ...plan.components.keys()]);
    return {
      components: new Map(components),
      configuration: new Map([...names].map((name) => [name, configuration.save(name)])),
    };
  }

  /** From here on the device is what the plan says; what has changed starts anew. What is no longer wanted still runs. */
  async #merge({ components, configuration }: Snapshot): Promise<void> {
    for (const [name, node] of configuration) this.#device.configuration.restore(name, node);
    const before = new Map(this.#device.components);
    for (const [name, component] of components) this.#device.components.set(name, component);
    await this.#device.save();
    await this.#services.bind();
    this.#services.change(before, components);
  }

  async #untilUp(names: readonly string[], since: number, signal: AbortSignal): Promise<void> {
    const { time, secondMs } = this.#device;
    for (;;) {
      // What breaks because the nucleus ends is no verdict on the deployment.
      signal.throwIfAborted();
      const services = names.flatMap((name) => this.#services.get(name) ?? []);
      const broken = names.find((name) => {
        const service = this.#services.get(name);
        return service?.state === 'BROKEN' && service.changedAt > since;
      });
      if (broken !== undefined) {
        throw new Refused(`Service ${broken} in broken state after deployment: ${this.#services.get(broken)?.reason}`);
      }
      const isUp = services.every((one) => one.hasReachedDesired && ['RUNNING', 'FINISHED'].includes(one.state));
      if (isUp) return;
      await time.sleep(SECONDS.poll * secondMs, signal);
    }
  }

  async #removeObsolete(wanted: ReadonlyMap<string, SavedComponent>): Promise<void> {
    const { components, configuration } = this.#device;
    const obsolete = [...components.keys()].filter((name) => !wanted.has(name));
    for (const name of obsolete) {
      await this.#services.remove(name);
      components.delete(name);
      configuration.reset(name, []);
    }
    await this.#device.save();
  }

  /** Two versions of each component stay: the one that runs, and the one before. */
  async #removeStale(): Promise<void> {
    const { components, store } = this.#device;
    await store.removeStale((name, version) => {
      const kept = components.get(name);
      return kept?.version === version || kept?.previous === version;
    });
  }
}

const DEFAULT_POLICY = { cloud: 'ROLLBACK', local: 'DO_NOTHING' } as const;

function plainValue(node: ConfigurationNode | undefined): JsonValue {
  const scratch = new Configuration('classic', () => {});
  scratch.restore('it', node);
  return scratch.get('it', []) ?? {};
}
