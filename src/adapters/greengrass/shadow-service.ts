import type { Result } from '../../domain/errors.ts';
import type { Outgoing } from '../../ports/bus.ts';
import type { IpcLink } from './link.ts';
import type { StreamNeeds } from './restored-stream.ts';

/** One of those who keep our shadow, as a service on topics. */
export type ShadowService = {
  /** Subscribes to its topics. `standing` is told once all was tried, and whenever one stands again. */
  open(topics: readonly string[], standing: () => void): void;
  close(): Promise<void>;
  /** Carries out what a shadow's user publishes; the answer is delivered as it comes. */
  request(message: Request): Promise<Result<void>>;
};

export type Request = Pick<Outgoing, 'topic' | 'payload'>;

/** Gets what comes, with its whole topic. */
export type Deliver = (topic: string, payload: Uint8Array) => void;

export type Close = () => Promise<void>;

/** Opens a stream for each topic. */
export function openStreams<M>(
  link: Pick<IpcLink, 'subscribe'>,
  topics: readonly string[],
  needs: (topic: string) => Omit<StreamNeeds<M>, 'resource' | 'onOutcome'>,
  standing: () => void,
): Close[] {
  const untried = new Set(topics);
  return topics.map((topic) =>
    link.subscribe({
      ...needs(topic),
      resource: topic,
      onOutcome: (failure) => {
        const first = untried.delete(topic);
        if (untried.size === 0 && (first || failure === undefined)) standing();
      },
    }),
  );
}
