import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** What a Greengrass nucleus gives to the processes of a component, and our start script. */
export type ComponentEnv = {
  readonly socketPath: string;
  readonly token: string;
  readonly thing: string | undefined;
  /** Our work folder: the state is in it, and relative paths start there. */
  readonly home: string;
  /** The work folder is ours to put a launcher in. */
  readonly hasHome: boolean;
  /** The trust root that came with the archive. */
  readonly trust: string | undefined;
};

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the environment; undefined: nobody runs us as a component. */
export function componentEnv(env: Env): ComponentEnv | undefined {
  const socketPath = env['AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT'];
  const token = env['SVCUID'];
  if (!socketPath || !token) return undefined;
  const home = env['OPENCLAW_HOME'];
  return {
    socketPath,
    token,
    thing: env['AWS_IOT_THING_NAME'] || undefined,
    // Both nuclei start a component in its work folder.
    home: home ? resolve(home) : process.cwd(),
    hasHome: Boolean(home),
    trust: env['OPENCLAW_TRUST'] || shippedTrust(),
  };
}

/** At the root of the archive, of which the command line is in `app/` (in a checkout: `bin/`). */
function shippedTrust(): string | undefined {
  try {
    const file = resolve(dirname(realpathSync(process.argv[1] ?? '')), '../trust.json');
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}
