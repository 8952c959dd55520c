import type { AgentForm } from './agent-form.ts';
import type { Path, Report, Sound } from './cross-check.ts';
import { mayMatch } from './topics.ts';

/** Reports every topic that an agent would publish to and hear itself: one message would never end. */
export function checkLoops(form: { readonly thing: string }, report: Report, sound: Sound): void {
  const { agents } = form as { agents?: unknown };
  if (!Array.isArray(agents)) return;
  for (const [at, agent] of (agents as AgentForm[]).entries()) {
    const parts = ['name', 'inputs', 'outputs', 'decisions'];
    if (!parts.every((part) => sound('agents', at, part))) continue;
    for (const [path, template] of publishedBy(agent)) {
      const input = agent.inputs.findIndex(({ topic }) =>
        mayMatch(topic, template, { thing: form.thing, agent: agent.name }),
      );
      if (input === -1) continue;
      report(
        ['agents', at, ...path],
        `is heard by inputs[${input}] (${agent.inputs[input]?.topic}): the agent would feed itself`,
      );
    }
  }
}

function publishedBy({ outputs, decisions }: AgentForm): (readonly [Path, string])[] {
  const actions = (decisions.alarms ?? []).flatMap(({ action }, at) =>
    action === undefined ? [] : [[['decisions', 'alarms', at, 'action', 'topic'], action.topic] as const],
  );
  return [
    ...(outputs.results === 'none' ? [] : [[['outputs', 'resultTopic'], outputs.resultTopic] as const]),
    [['outputs', 'alarmTopic'], outputs.alarmTopic],
    ...actions,
  ];
}
