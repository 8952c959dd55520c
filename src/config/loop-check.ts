import { splitRoute } from '../domain/route.ts';
import { NAME_BOTH } from './agent-checks.ts';
import type { AgentForm } from './agent-form.ts';
import type { Path, Report, Sound } from './cross-check.ts';
import { madeTopicProblem, mayMatch } from './topics.ts';

/**
 * Reports every topic that an agent would publish to and hear itself: one message would never end. And those that its
 * bus would not take, once all names are filled in.
 */
export function checkPublished(form: { readonly thing: string }, report: Report, sound: Sound): void {
  const { agents } = form as { agents?: unknown };
  if (!Array.isArray(agents)) return;
  for (const [at, agent] of (agents as AgentForm[]).entries()) {
    const parts = ['name', 'inputs', 'outputs', 'decisions'];
    if (!parts.every((part) => sound('agents', at, part))) continue;
    const names = { thing: form.thing, agent: agent.name };
    for (const [path, template] of publishedBy(agent)) {
      const problem = madeTopicProblem(template, names);
      if (problem !== undefined) report(['agents', at, ...path], problem, hintOf(template));
      const index = agent.inputs.findIndex(({ topic }) => mayMatch(topic, template, names));
      const heard = agent.inputs[index]?.topic;
      if (heard === undefined) continue;
      report(
        ['agents', at, ...path],
        `is heard by inputs[${index}] (${heard}): the agent would feed itself`,
        splitRoute(heard).route === splitRoute(template).route ? {} : { hint: NAME_BOTH },
      );
    }
  }
}

function hintOf(template: string): { hint?: string } {
  return splitRoute(template).route === undefined ? { hint: `Name the bus before it: mqtt:${template}` } : {};
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
