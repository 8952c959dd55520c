import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';
import type { Sent } from '../../../src/sim/publisher.ts';
import { activeModel, BEST, type Diagnosis, judgeWork } from '../judge.ts';
import type { Observer } from '../observer.ts';
import { type Deployed, expected } from './chapters.ts';

/** What the demo reads of the reply to `model.list`. */
export type Slots = {
  readonly agents: readonly {
    readonly quarantined: readonly { readonly version: string; readonly reason: string }[];
  }[];
};

type Seen = {
  readonly nucleus: NucleusMode;
  readonly deployments: readonly Deployed[];
  readonly sent: Sent;
  readonly observer: Observer;
  readonly diagnosis: Diagnosis;
  readonly slots: Slots;
};

export type Judgement = Awaited<ReturnType<typeof judgeDeployments>>;

/** Holds how the deployments ended, and what the agent did meanwhile, against how they should. */
export async function judgeDeployments({ nucleus, deployments, slots, ...seen }: Seen) {
  const { right, ...work } = await judgeWork(seen);
  const statuses = deployments.map(({ status }) => status).join();
  const active = activeModel(seen.diagnosis);
  return {
    ok: right && statuses === expected(nucleus).join() && active === BEST,
    nucleus,
    deployments,
    active,
    // Which model the agent will not take again, and why.
    bad: slots.agents[0]?.quarantined.at(-1),
    ...work,
  };
}
