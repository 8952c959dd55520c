import { iotCoreBus } from '../adapters/greengrass/iot-core-bus.ts';
import type { IpcLink } from '../adapters/greengrass/link.ts';
import { localBus } from '../adapters/greengrass/local-bus.ts';
import { nucleusKind } from '../adapters/greengrass/packet-limit.ts';
import { GreengrassShadow } from '../adapters/greengrass/shadow.ts';
import type { Route } from '../domain/route.ts';
import type { Clock } from '../ports/clock.ts';
import type { Platform } from './platform.ts';

/** The buses that every component has. */
export const COMPONENT_ROUTES: ReadonlySet<Route> = new Set(['local', 'iotcore']);

export type ComponentPlatformNeeds = {
  readonly link: IpcLink;
  readonly socketPath: string;
  readonly clock: Clock;
  readonly configuration: Platform['configuration'];
};

/**
 * What a device stands on as a component: the buses and the shadow of its nucleus. Bus objects are of one start only: a
 * second attempt, with another configuration, gets new ones.
 */
export function componentPlatform({ link, socketPath, clock, configuration }: ComponentPlatformNeeds): Platform {
  const kind = nucleusKind(socketPath);
  return {
    routes: COMPONENT_ROUTES,
    makeBuses: (thing, log) => {
      const needs = { link, clock, random: Math.random, thing, kind };
      const ofBus = (bus: Route) => ({ ...needs, log: log.child({ part: 'bus', bus }) });
      return new Map([
        ['local', localBus(ofBus('local'))],
        ['iotcore', iotCoreBus(ofBus('iotcore'))],
      ]);
    },
    makeShadow: (place, buses) => {
      const iotCore = buses.get('iotcore');
      if (iotCore === undefined) throw new Error('a component without IoT Core');
      return new GreengrassShadow({ ...place, link, iotCore, clock, kind });
    },
    configuration,
  };
}
