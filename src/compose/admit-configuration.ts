import type { Config } from '../config/config.ts';
import { freeze } from '../config/freeze.ts';
import type { Checked } from '../config/load.ts';
import { routeProblems } from '../config/route-problems.ts';
import { refusal } from './component-configuration.ts';
import { COMPONENT_ROUTES } from './component-platform.ts';
import { routesOf } from './platform.ts';

/** Adds what a component need not say, and looks whether the buses that are named are there. */
export function admitConfiguration(checked: Config, trust: string | undefined): Checked {
  const config = freeze(withTrust(checked, trust));
  const problems = routeProblems(config, routesOf(config, { routes: COMPONENT_ROUTES }));
  return refusal(problems) ?? { ok: true, value: config };
}

/** Models come as components: without a word about it, a component takes those that its archive's trust root believes. */
function withTrust(config: Config, trust: string | undefined): Config {
  if (config.rollouts !== undefined || trust === undefined) return config;
  return { ...config, rollouts: { trust, groups: [], inbox: undefined } };
}
