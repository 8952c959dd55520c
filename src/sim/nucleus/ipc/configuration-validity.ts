import { randomUUID } from 'node:crypto';
import type { ConfigurationStore, ConfigurationValidator } from '../services.ts';
import type { EventStream } from './operation.ts';
import { Questions } from './questions.ts';

/** Timeout of a deployment's configurationValidationPolicy, unless it sets one. */
const DEFAULT_TIMEOUT_MS = 20_000;
const NO_REPORT = 'Error while waiting for validation report';

/** Who wants to judge a configuration before it is deployed, and what they said (ConfigStoreIPCEventStreamAgent of classic). */
export class ConfigurationValidity {
  readonly #validators = new Set<string>();
  /** No answer is a refusal: the deployment fails and changes nothing. */
  readonly #questions = new Questions<string | undefined>(NO_REPORT);

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
    return this.#questions.answer(component, deploymentId, objection);
  }

  /** No component can answer any more. */
  end(): void {
    this.#questions.end();
  }

  #asker(component: string, stream: EventStream): ConfigurationValidator {
    return (configuration, deploymentId = randomUUID(), timeoutMs = DEFAULT_TIMEOUT_MS) =>
      this.#questions.ask(component, deploymentId, timeoutMs, () =>
        stream.send({ validateConfigurationUpdateEvent: { configuration, deploymentId } }),
      );
  }
}
