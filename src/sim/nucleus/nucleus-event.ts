export type NucleusEvent =
  | {
      readonly event: 'component';
      readonly at: string;
      readonly component: string;
      readonly version: string;
      /** The nucleus's own word, or WARNING: something is passed over. */
      readonly state: string;
      readonly reason?: string;
    }
  | {
      readonly event: 'deployment';
      readonly at: string;
      readonly deploymentId: string;
      readonly status: string;
      readonly reason?: string;
    };

export type Unstamped = { readonly reason: string | undefined } & (
  | { readonly event: 'component'; readonly component: string; readonly version: string; readonly state: string }
  | { readonly event: 'deployment'; readonly deploymentId: string; readonly status: string }
);

/** An event as it is told: with its moment, and with a reason only where there is one. */
export function stamped({ reason, ...rest }: Unstamped, nowMs: number): NucleusEvent {
  const at = new Date(nowMs).toISOString();
  return { ...rest, at, ...(reason === undefined ? {} : { reason }) } as NucleusEvent;
}
