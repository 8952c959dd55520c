import type { Result } from '../domain/errors.ts';

/** The objection to a configuration that was proposed: every problem in one text; undefined: it may come. */
export type Objection = string | undefined;

/**
 * A configuration that somebody else keeps and changes while we run, as Greengrass does.
 *
 * Values: as they are delivered. Numbers may be doubles or, from some hosts, text: whoever checks them knows what is meant.
 * Order: changes are told one after another; several that come at once may be told as one. `read` gives the latest.
 * Failure: a lost connection is mended by itself, and what changed meanwhile is told after it. Nothing here rejects.
 */
export interface ConfigurationSource {
  start(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
  /** The whole configuration of this component. May be repeated. */
  read(): Promise<Result<unknown>>;
  /** Tells that it may have changed. Returns a function that ends the listening. */
  onChange(listener: () => void): () => void;
  /**
   * Asks before a change is made, where the host asks at all (nucleus lite does not): an objection refuses it, and then
   * nothing has changed. One listener. It must answer soon: a host waits for some 20 s, and without an answer refuses too.
   */
  onProposal(check: (proposed: unknown) => Promise<Objection>): () => void;
}
