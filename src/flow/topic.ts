/** Names that fill a topic template: `dt/edge-agent/{thing}/alarm`. */
export type TopicNames = { readonly thing: string; readonly agent: string; readonly key: string };

export type TopicTemplate = (key: string) => string;

/** Compiles a topic template. Keys hold no /, + or #: the decoder saw to it, so no sensor can choose another topic. */
export function compileTopic(template: string, names: Omit<TopicNames, 'key'>): TopicTemplate {
  const parts = template.replaceAll('{thing}', names.thing).replaceAll('{agent}', names.agent).split('{key}');
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? () => only : (key) => parts.join(key);
}
