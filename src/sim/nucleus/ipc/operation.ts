import type { IotCore } from '../iot-core.ts';
import type { PubSub } from '../pubsub.ts';
import type { JsonValue, NucleusServices } from '../services.ts';
import type { ShadowManager } from '../shadow-manager.ts';
import type { ComponentUpdates } from './component-updates.ts';
import type { ConfigurationValidity } from './configuration-validity.ts';
import type { Refusal } from './refusal.ts';

export type JsonObject = { readonly [key: string]: JsonValue };

/** What operations work with. */
export type Nucleus = {
  readonly services: NucleusServices;
  readonly pubsub: PubSub;
  readonly iotCore: IotCore;
  readonly shadows: ShadowManager;
  readonly updates: ComponentUpdates;
  readonly validity: ConfigurationValidity;
};

/** Where the events of a subscription go. */
export type EventStream = {
  /** Sends an event; those that come before the answer to the subscription follow it. */
  send(event: JsonObject): void;
  /** Called once, when client, connection or server end the stream; at once if that has happened. */
  onClosed(listener: () => void): void;
};

export type Call = {
  /** Who asks. */
  readonly component: string;
  readonly request: JsonObject;
  readonly stream: EventStream;
  readonly nucleus: Nucleus;
};

export type Answer = JsonObject | Refusal;

/** One operation of the IPC: what it is called, and what it does. */
export type Operation = {
  /** Without `aws.greengrass#`. */
  readonly name: string;
  /** The shape of its events; undefined: it is answered once. */
  readonly events?: string;
  /** The component that serves it: without it, the nucleus does not know the operation. classic only. */
  readonly servedBy?: string;
  handle(call: Call): Answer | Promise<Answer>;
};
