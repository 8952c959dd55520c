import type { Failure } from '../domain/errors.ts';

/** A command of this machine. */
export type ControlRequest = {
  readonly verb: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Of the command. The same `model.rollout` again joins the first one. */
  readonly id: string;
  /** Aborted when the sender has gone. */
  readonly signal: AbortSignal;
};

/** How it ended. A failure may bring a result too. */
export type ControlAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Failure; readonly result?: unknown };

/** Executes a command in its turn. What it throws is a bug. */
export type ExecuteControl = (request: ControlRequest) => Promise<ControlAnswer>;
