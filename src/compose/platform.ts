import type { ConfigurationReport } from '../agent/commands/controls.ts';
import type { Config } from '../config/config.ts';
import type { Route } from '../domain/route.ts';
import type { Bus } from '../ports/bus.ts';
import type { Log } from '../ports/log.ts';
import type { Shadow } from '../ports/shadow.ts';

/** What a device stands on beside its configuration. An ordinary one, with a broker and nothing else, has none. */
export type Platform = {
  /** The buses that it brings. */
  readonly routes: ReadonlySet<Route>;
  makeBuses(thing: string, log: Log): ReadonlyMap<Route, Bus>;
  /** `buses`: those that were made before. */
  makeShadow(needs: ShadowPlace, buses: ReadonlyMap<Route, Bus>): Shadow;
  /** How the configuration that came last was taken. */
  configuration(): ConfigurationReport;
};

export type ShadowPlace = { readonly thing: string; readonly name: string; readonly log: Log };

type Routes = Pick<Platform, 'routes'> | undefined;

/** The embedded broker is for devices that have no other bus, unless the configuration asks for it. */
function hasBroker({ bus }: Config, platform: Routes): boolean {
  return platform === undefined || bus.kind === 'url' || bus.written;
}

/** The buses that a device has under a configuration. */
export function routesOf(config: Config, platform: Routes): ReadonlySet<Route> {
  return new Set<Route>([...(hasBroker(config, platform) ? ['mqtt' as const] : []), ...(platform?.routes ?? [])]);
}
