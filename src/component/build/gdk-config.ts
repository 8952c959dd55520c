import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fail, ok, type Result } from '../../domain/errors.ts';
import { AGENT_COMPONENT } from './components.ts';

const FILE = 'gdk-config.json';

const gdkForm = z.object({ component: z.record(z.string(), z.object({ version: z.string() })) });

/** Finds out whether gdk would look for the very version that is built: it takes the number from its own file. */
export async function checkGdkConfig(root: string, version: string): Promise<Result<void>> {
  try {
    const { component } = gdkForm.parse(JSON.parse(await readFile(join(root, FILE), 'utf8')));
    const told = component[AGENT_COMPONENT]?.version;
    if (told === version) return ok(undefined);
    return fail(
      'E_COMPONENT_MISMATCH',
      `${FILE} has version ${told}, and package.json has ${version}: change one of them`,
    );
  } catch (thrown) {
    return fail('E_COMPONENT_BUILD', `${FILE}: ${String(thrown)}`, thrown);
  }
}
