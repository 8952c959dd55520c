import type { AgentSpec } from '../domain/agent-spec.ts';
import type { Manifest } from '../domain/manifest.ts';

/** What configuration and model must agree on, and only the two together can tell. */
export function whatDoesNotFit(spec: AgentSpec, manifest: Manifest): string | undefined {
  const { labels } = manifest.output;
  const channels = manifest.input.channels.length;
  for (const input of spec.inputs) {
    if (input.values.length > 1 && input.values.length !== channels) {
      return `input ${input.topic} has ${input.values.length} pointers; ${manifest.name} has ${channels} channels (${manifest.input.channels.join(', ')})`;
    }
  }
  for (const rule of spec.decisions.alarms) {
    if (rule.labels === undefined && manifest.task === 'classification') {
      return `alarm ${rule.name} names no labels; ${manifest.name} has ${labels.join(', ')}`;
    }
    const unknown = rule.labels?.find((label) => !labels.includes(label));
    if (unknown !== undefined)
      return `alarm ${rule.name} names the label ${unknown}; ${manifest.name} has ${labels.join(', ')}`;
  }
  return undefined;
}
