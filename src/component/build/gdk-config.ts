import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fail, ok, type Result } from '../../domain/errors.ts';
import { MODEL_COMPONENTS } from './components.ts';

/** gdk knows one component a project: the agent's is the repository, each model has a folder. */
function fileOf(component: string): string {
  const model = MODEL_COMPONENTS[component];
  return model === undefined ? 'gdk-config.json' : `gdk/${model}/gdk-config.json`;
}

const gdkForm = z.object({ component: z.record(z.string(), z.object({ version: z.string() })) });

/** Finds out whether gdk would look for the very version that is built: it takes the number from its own file. */
export async function checkGdkConfig(root: string, name: string, version: string, from: string): Promise<Result<void>> {
  const file = fileOf(name);
  try {
    const { component } = gdkForm.parse(JSON.parse(await readFile(join(root, file), 'utf8')));
    const told = component[name]?.version;
    if (told === version) return ok(undefined);
    return fail('E_COMPONENT_MISMATCH', `${file} has version ${told}, and ${from} has ${version}: change one of them`);
  } catch (thrown) {
    return fail('E_COMPONENT_BUILD', `${file}: ${String(thrown)}`, thrown);
  }
}
