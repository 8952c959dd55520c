import type { Lifecycle, StageName } from '../recipe.ts';
import { resolveLite, type VariableScope } from '../variables.ts';

export type LiteScript = { readonly text: string; readonly cutOff: string | undefined };

/** Writes the script that recipe-runner runs for a stage: exports, the recipe's script, and for startup the notices. */
export function liteScript(lifecycle: Lifecycle, name: StageName, scope: VariableScope): LiteScript {
  const stage = lifecycle.stages[name];
  if (stage === undefined) return { text: '', cutOff: `the recipe has no stage ${name}` };
  let text = '#!/bin/sh\n';
  for (const [key, value] of [...Object.entries(lifecycle.setenv), ...Object.entries(stage.setenv)]) {
    const resolved = resolveLite(value, scope, (part) => part.replaceAll("'", `'\\''`));
    text += `export ${key}='${resolved.text}`;
    if (resolved.cutOff !== undefined) return { text, cutOff: resolved.cutOff };
    text += "'\n";
  }
  const script = resolveLite(stage.script, scope);
  text += script.text;
  if (script.cutOff !== undefined) return { text, cutOff: script.cutOff };
  if (name === 'startup') text += '\nsystemd-notify --ready\nsystemd-notify --stopping\n';
  return { text, cutOff: undefined };
}
