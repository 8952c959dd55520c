import { randomUUID } from 'node:crypto';
import type { ConfigurationStore, ConfigurationValidator } from '../services.ts';
import type { EventStream } from './operation.ts';

/** Timeout of a deployment's configurationValidationPolicy, unless it sets one. */
const DEFAULT_TIMEOUT_MS = 20_000;
const NO_REPORT = 'Error while waiting for validation report';

/** Who wants to judge a configuration before it is deployed, and what they said (ConfigStoreIPCEventStreamAgent of classic). */
export class ConfigurationValidity {
  readonly #validators = new Set<string>();
  /** Component and deployment -> who waits for the report. */
  readonly #pending = new Map<string, (objection: string | undefined) => void>();

  /** One stream a component is asked: a second one gets no events while the first is open. */
  subscribe(component: string, stream: EventStream, configuration: ConfigurationStore): void {
    if (this.#validators.has(component)) return;
    this.#validators.add(component);
    const end = configuration.onValidate(component, this.#asker(component, stream));
    stream.onClosed(() => {
      this.#validators.delete(component);
      end();
    });
  }

  /** Takes a report; undefined as objection: accepted. False: nobody asked, or it is too late. */
  report(component: string, deploymentId: string, objection: string | undefined): boolean {
    const settle = this.#pending.get(key(component, deploymentId));
    settle?.(objection);
    return settle !== undefined;
  }

  /** Answers for all that are being asked: none of them can any more. */
  end(): void {
    for (const settle of [...this.#pending.values()]) settle(NO_REPORT);
  }

  #asker(component: string, stream: EventStream): ConfigurationValidator {
    return (configuration, deploymentId = randomUUID(), timeoutMs = DEFAULT_TIMEOUT_MS) => {
      const place = key(component, deploymentId);
      return new Promise((resolve) => {
        const settle = (objection: string | undefined) => {
          clearTimeout(late);
          if (this.#pending.get(place) === settle) this.#pending.delete(place);
          resolve(objection);
        };
        // No answer is a refusal: the deployment fails and changes nothing.
        const late = setTimeout(() => settle(NO_REPORT), timeoutMs);
        this.#pending.set(place, settle);
        stream.send({ validateConfigurationUpdateEvent: { configuration, deploymentId } });
      });
    };
  }
}

function key(component: string, deploymentId: string): string {
  return JSON.stringify([component, deploymentId]);
}
