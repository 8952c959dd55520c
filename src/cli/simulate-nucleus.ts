import { join, resolve } from 'node:path';
import { fail } from '../domain/errors.ts';
import type { NucleusEvent } from '../sim/nucleus/nucleus-event.ts';
import { SimulatedDevice } from '../sim/nucleus/simulated-device.ts';
import type { CliCommand, CommandInput, ExitCode } from './command.ts';
import { type Io, printError, printJson, printProgress } from './io.ts';
import { BRIDGE_IN, BRIDGE_OUT, type SimulateNucleusFlags, simulateNucleusFlags } from './simulate-nucleus-flags.ts';

export const simulateNucleus: CliCommand<SimulateNucleusFlags> = {
  name: 'simulate nucleus',
  summary: 'Run a Greengrass nucleus on this machine: a development tool, without isolation or permissions',
  args: [],
  flags: simulateNucleusFlags,
  async run({ flags }: CommandInput<SimulateNucleusFlags>, io: Io): Promise<ExitCode> {
    const { root, mode, thing, broker, port, bridgeIn = BRIDGE_IN, bridgeOut = BRIDGE_OUT } = flags;
    if (root === undefined) return printError(io, fail('E_USAGE', '--root is needed').error);
    const device = new SimulatedDevice({
      nucleus: { root: resolve(root), mode, thing, onEvent: (event) => printEvent(io, event) },
      broker: broker ?? port,
      inwards: bridgeIn,
      outwards: bridgeOut,
    });
    try {
      const started = await device.start();
      if (!started.ok) return printError(io, started.error);
      const { layout, brokerUrl } = started.value;
      const place = { mode, thing, root: layout.root, broker: brokerUrl, logs: join(layout.root, 'logs') };
      if (io.output === 'table') printNext(io, place, { bridgeIn, bridgeOut });
      else printJson(io, { event: 'nucleus', ...place, ipc: layout.ipcSocket });
      await untilAborted(io.signal);
    } finally {
      await device.stop();
    }
    return 0;
  },
};

type Place = { readonly [name in 'mode' | 'thing' | 'root' | 'broker' | 'logs']: string };
type Bridged = { readonly bridgeIn: readonly string[]; readonly bridgeOut: readonly string[] };

/** What whoever starts it wants to know next. */
function printNext(io: Io, { mode, thing, root, broker, logs }: Place, { bridgeIn, bridgeOut }: Bridged): void {
  const { host, hostname, port } = new URL(broker);
  printProgress(
    io,
    `${mode} nucleus of ${thing}, in ${root}
  broker   ${host}, which stands for AWS IoT Core
  bridge   ${bridgeIn.join(' ')} from the broker to the components, ${bridgeOut.join(' ')} back
  logs     ${logs}/COMPONENT.log
in another terminal
  deploy   npx openclaw-edge simulate deploy --root ${root} --component NAME=VERSION --wait
  sensors  npx openclaw-edge simulate sensors --broker ${broker}
  watch    mosquitto_sub -h ${hostname} -p ${port || 1883} -v -t 'dt/#'
Ctrl-C ends it and its components`,
  );
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

/** One line an event. */
function printEvent(io: Io, event: NucleusEvent): void {
  if (io.output !== 'table') {
    printJson(io, event);
    return;
  }
  const what =
    event.event === 'component'
      ? `${event.component} ${event.version} ${event.state}`
      : `deployment ${event.deploymentId} ${event.status}`;
  io.stdout.write(`${event.at} ${what}${event.reason === undefined ? '' : `: ${event.reason}`}\n`);
}
