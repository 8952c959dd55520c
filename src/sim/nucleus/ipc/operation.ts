import type { PubSub } from '../pubsub.ts';
import type { JsonValue, NucleusServices } from '../services.ts';
import type { Refusal } from './refusal.ts';

export type JsonObject = { readonly [key: string]: JsonValue };

/** What operations work with. */
export type Nucleus = {
  readonly services: NucleusServices;
  readonly pubsub: PubSub;
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

/** One operation of the IPC: what it is called, and what it does. */
export type Operation = {
  /** Without `aws.greengrass#`. */
  readonly name: string;
  /** The shape of its events; undefined: it is answered once. */
  readonly events?: string;
  handle(call: Call): JsonObject | Refusal | Promise<JsonObject | Refusal>;
};
