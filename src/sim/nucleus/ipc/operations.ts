import type { NucleusMode } from '../services.ts';
import type { Operation } from './operation.ts';
import { publishToTopic } from './operations/publish-to-topic.ts';
import { subscribeToTopic } from './operations/subscribe-to-topic.ts';

export type OperationTable = { find(name: string): Operation | undefined };

const BOTH: readonly Operation[] = [publishToTopic, subscribeToTopic];

const TABLES: Readonly<Record<NucleusMode, ReadonlyMap<string, Operation>>> = {
  classic: new Map(BOTH.map((operation) => [operation.name, operation])),
  lite: new Map(BOTH.map((operation) => [operation.name, operation])),
};

/** The operations that a nucleus serves. */
export function operationsOf(mode: NucleusMode): OperationTable {
  return { find: (name) => TABLES[mode].get(name) };
}
