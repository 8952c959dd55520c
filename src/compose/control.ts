import { join } from 'node:path';
import { ControlSocket } from '../adapters/control-socket.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Commands } from '../agent/commands/commands.ts';
import type { Part } from '../agent/lifecycle.ts';
import type { Log } from '../ports/log.ts';
import { ownCommand, writeLauncher } from './launcher.ts';

export type ControlPlace = {
  readonly stateDir: string;
  /** Where the launcher goes; undefined: nobody needs one. */
  readonly home: string | undefined;
  readonly log: Log;
};

/** Without `commands.enabled` the bus is not listened to; the control socket of this machine still is. */
export function commandsPart(commands: Commands, enabled: boolean): Part {
  const start = () => (enabled ? commands.start() : undefined);
  return { name: 'commands', start, stop: (deadlineMs) => commands.stop(deadlineMs) };
}

/** The socket, and the launcher that asks it. An agent that cannot be asked on the spot still does its work. */
export function controlPart(commands: Commands, { stateDir, home, log }: ControlPlace): Part {
  const folder = join(stateDir, 'control');
  const control = new ControlSocket({
    folder,
    execute: ({ verb, args, ...from }) => commands.execute(verb, args, from),
    clock: systemClock,
    log,
  });
  const start = async () => {
    const started = await control.start();
    if (!started.ok) {
      log.error({ code: started.error.code, reason: started.error.message }, 'no control socket');
      return;
    }
    if (home === undefined) return;
    try {
      const file = await writeLauncher({ home, stateDir, command: ownCommand() });
      log.info({ file }, 'launcher written');
    } catch (err) {
      log.error({ err }, 'no launcher: models cannot be activated by components');
    }
  };
  return { name: 'control socket', start, stop: () => control.stop() };
}
