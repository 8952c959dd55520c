import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../files/durable.ts';
import { makeOwnFolder } from '../files/own-folder.ts';

const FOLDER = 'bin';
const NAME = 'openclaw-edge';
/** Others may look what is here, and not change it; the launcher itself is for this user alone. */
const FOLDER_MODE = 0o755;
const FILE_MODE = 0o700;

export type LauncherOptions = {
  /** The work folder of this installation (OPENCLAW_HOME). */
  readonly home: string;
  /** Absolute: where the running agent can be asked. */
  readonly stateDir: string;
  /** How this very process was started: the Node that runs it, its own flags, and the script. */
  readonly command: readonly string[];
};

/**
 * Writes `bin/openclaw-edge` into the work folder: the command line of the running version, bound to the running agent. The
 * scripts of model components call it. It appears whole, or not at all. Rejects where the folder is not ours.
 */
export async function writeLauncher({ home, stateDir, command }: LauncherOptions): Promise<string> {
  const folder = join(home, FOLDER);
  const problem = await makeOwnFolder(folder, FOLDER_MODE);
  if (problem !== undefined) throw new Error(problem);
  const file = join(folder, NAME);
  const temporary = `${file}.tmp`;
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', FILE_MODE);
  try {
    await handle.writeFile(script(stateDir, command));
    // The umask may have taken some of it away.
    await handle.chmod(FILE_MODE);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(folder);
  return file;
}

/** How this process was started, as a launcher does it again. */
export function ownCommand(): readonly string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}

function script(stateDir: string, command: readonly string[]): string {
  return `#!/bin/sh
# Written by the running agent at each start, for the scripts of model components: its own command line.
OPENCLAW_STATE=${quoted(stateDir)}
ORT_DISABLE_TELEMETRY=1
export OPENCLAW_STATE ORT_DISABLE_TELEMETRY
exec ${command.map(quoted).join(' ')} "$@"
`;
}

/** Between single quotes nothing has a meaning to sh but the quote itself (POSIX, 2.2.2). */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
