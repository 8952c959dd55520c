import type { ShadowDocument } from '../../ports/shadow.ts';
import { isObject } from './merge.ts';

/** A shadow of 8 KB with its metadata; nothing that a service sends is larger. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** What a shadow service says on its topics, as far as we use it. Absent or ill-typed fields are undefined. */
export type ServiceMessage = {
  readonly clientToken: string | undefined;
  readonly version: number | undefined;
  /** On update/delta this is the difference itself; elsewhere it holds desired, reported and delta. */
  readonly state: ShadowDocument | undefined;
  readonly code: number | undefined;
  readonly message: string;
};

/** Reads what came on one of the service's topics; undefined when it is not a JSON object. */
export function readServiceMessage(payload: Uint8Array): ServiceMessage | undefined {
  if (payload.length > MAX_MESSAGE_BYTES) return undefined;
  const document = parse(payload);
  if (!isObject(document)) return undefined;
  const { clientToken, version, state, code, message } = document;
  return {
    clientToken: typeof clientToken === 'string' ? clientToken : undefined,
    version: Number.isSafeInteger(version) ? (version as number) : undefined,
    state: isObject(state) ? state : undefined,
    code: typeof code === 'number' ? code : undefined,
    message: typeof message === 'string' ? message : '',
  };
}

/** A part of a state; empty when it is not there. */
export function part(state: ShadowDocument | undefined, name: 'desired' | 'reported' | 'delta'): ShadowDocument {
  const value = state?.[name];
  return isObject(value) ? value : {};
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return undefined;
  }
}
