import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Stands in for systemd-notify(1): the real one sends a datagram, which Node cannot receive, so this one writes the words
 * to a named pipe. `--stopping` is heard and fails: so does the wrapper of recipe-runner on Debian 12, where a startup
 * script has to end by itself.
 */
const SCRIPT = `#!/bin/sh
if [ -z "$NOTIFY_SOCKET" ]; then
  echo 'No status data could be sent: $NOTIFY_SOCKET was not set' >&2
  exit 1
fi
code=0
for argument in "$@"; do
  case "$argument" in
    --ready) echo READY=1 > "$NOTIFY_SOCKET" ;;
    --reloading) echo RELOADING=1 > "$NOTIFY_SOCKET" ;;
    --stopping) echo STOPPING=1 > "$NOTIFY_SOCKET"; code=1 ;;
    --*) ;;
    *=*) echo "$argument" > "$NOTIFY_SOCKET" ;;
  esac
done
exit $code
`;

/** Writes the command into a folder that comes first in the PATH of components. */
export async function writeNotifyShim(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'systemd-notify');
  await writeFile(file, SCRIPT);
  await chmod(file, 0o755);
}
