import { classicPath, litePath } from '../key-path.ts';
import type { Answer, Call, Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';
import { storedAs } from './get-configuration.ts';

/** Tells each change with the path of what changed; the value has to be fetched. */
export const subscribeToConfigurationUpdate: Operation = {
  name: 'SubscribeToConfigurationUpdate',
  events: 'ConfigurationUpdateEvents',
  handle: (call) => (call.nucleus.services.mode === 'classic' ? onClassic(call) : onLite(call)),
};

function onClassic(call: Call): Answer {
  const asked = call.request['componentName'];
  const name = typeof asked === 'string' ? asked : call.component;
  return subscribe(call, name, name, classicPath(call.request['keyPath'])) ?? notFound();
}

function onLite(call: Call): Answer {
  const path = litePath(call.request['keyPath']);
  const asked = call.request['componentName'] ?? call.component;
  if (typeof asked !== 'string') return new Refusal('ServiceError', 'Failed to validate the map.');
  if (path === 'malformed') {
    return new Refusal('ServiceError', 'Received invalid parameters: keyPath must be list of strings.');
  }
  if (path === 'too deep') return new Refusal('ServiceError', 'Config path depth larger than supported.');
  return subscribe(call, asked, storedAs(asked), path) ?? notFound();
}

/** Undefined: there is nothing at that path. */
function subscribe({ nucleus, stream }: Call, componentName: string, stored: string, path: readonly string[]) {
  const { configuration } = nucleus.services;
  if (configuration.get(stored, path) === undefined) return undefined;
  const end = configuration.onChange(stored, path, (changed) => {
    stream.send({ configurationUpdateEvent: { componentName, keyPath: changed } });
  });
  stream.onClosed(end);
  return {};
}

function notFound(): Refusal {
  return new Refusal('ResourceNotFoundError', 'Key not found');
}
