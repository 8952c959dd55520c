import { join } from 'node:path';
import type { DemoPackages } from './packages.ts';

export const THING = 'demo-press';

/** As the shipped package gets it by default; one that lies elsewhere says what its alarms are. */
const ALARM = {
  name: 'bearing-fault',
  severity: 'critical',
  labels: ['inner', 'outer', 'ball'],
  raise: 0.8,
  clear: 0.5,
};

/** The agent's configuration file: JSON is YAML. */
export function configuration(url: string, folder: string, { trust, folders }: DemoPackages): string {
  return JSON.stringify({
    thing: THING,
    state: join(folder, 'state'),
    bus: { url, version: '3.1.1' },
    rollouts: { trust },
    agents: [{ name: 'bearings', model: { path: folders['1.0.0'] }, decisions: { alarms: [ALARM] } }],
  });
}
