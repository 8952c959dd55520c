import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ANSWER_TOPIC, type Format, INPUT_FILTER, KEY_LEVEL } from './payloads.ts';

export type AgentSetting = {
  readonly port: number;
  readonly isolation: 'none' | 'process';
  readonly format: Format;
  readonly modelFolder: string;
  /** Trust root of an agent that takes rollouts. */
  readonly trust?: string;
  /** Tells its state from that of another agent on the same port. */
  readonly label?: string;
};

/**
 * Writes the configuration of one agent and its state into `folder`; returns the file. Only what the measurement asks
 * for is set: what users get by default is what is measured. MQTT is 3.1.1 because the baseline speaks it.
 */
export function writeAgentConfig(folder: string, setting: AgentSetting): string {
  const { port, isolation, format, modelFolder, trust, label = 'agent' } = setting;
  const key = { topicLevel: KEY_LEVEL };
  const json = { values: '/values', time: { pointer: '/ts', unit: 'ms' } };
  const name = `${label}-${isolation}-${format}-${port}`;
  const config = {
    thing: 'bench',
    state: `${name}.state`,
    bus: { url: `mqtt://127.0.0.1:${port}`, version: '3.1.1' },
    ...(trust === undefined ? {} : { rollouts: { trust } }),
    agents: [
      {
        name: 'bench',
        isolation,
        inputs: [{ topic: INPUT_FILTER, format, key, ...(format === 'json' ? json : {}) }],
        model: { path: modelFolder },
        outputs: { resultTopic: ANSWER_TOPIC },
      },
    ],
  };
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(config));
  return file;
}
