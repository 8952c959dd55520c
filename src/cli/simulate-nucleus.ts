import { resolve } from 'node:path';
import { fail, ok, type Result } from '../domain/errors.ts';
import { ControlServer } from '../sim/nucleus/control-server.ts';
import { IotCoreBroker } from '../sim/nucleus/iot-core-broker.ts';
import { Nucleus, type NucleusEvent } from '../sim/nucleus/nucleus.ts';
import type { NucleusMode } from '../sim/nucleus/services.ts';
import type { CliCommand, CommandInput, ExitCode, Flag } from './command.ts';
import { anyText, oneOf } from './flag-values.ts';
import { type Io, printError, printJson, printProgress } from './io.ts';

export type SimulateNucleusFlags = {
  root: string | undefined;
  mode: NucleusMode;
  thing: string;
  broker: string | undefined;
};

export const ROOT_FLAG = {
  key: 'root',
  name: '--root <dir>',
  description: 'folder of the simulated device',
  parse: anyText,
} as const;

const flags: readonly Flag<SimulateNucleusFlags>[] = [
  ROOT_FLAG,
  {
    key: 'mode',
    name: '--mode <nucleus>',
    description: 'classic (Java) or lite (C): each with its own rules',
    default: 'classic',
    parse: oneOf(['classic', 'lite'] as const),
  },
  {
    key: 'thing',
    name: '--thing <name>',
    description: 'thing name of the device',
    default: 'simulated-device',
    parse: thingName,
  },
  {
    key: 'broker',
    name: '--broker <url>',
    description: 'MQTT broker that stands for AWS IoT Core; without it one is started',
    parse: anyText,
  },
];

export const simulateNucleus: CliCommand<SimulateNucleusFlags> = {
  name: 'simulate nucleus',
  summary: 'Run a Greengrass nucleus on this machine: a development tool, without isolation or permissions',
  args: [],
  flags,
  async run({ flags: { root, mode, thing, broker } }: CommandInput<SimulateNucleusFlags>, io: Io): Promise<ExitCode> {
    if (root === undefined) return printError(io, fail('E_USAGE', '--root is needed').error);
    const iotCore = new IotCoreBroker();
    let nucleus: Nucleus | undefined;
    let control: ControlServer | undefined;
    try {
      const brokerUrl = broker ?? (await iotCore.start());
      nucleus = new Nucleus({ root: resolve(root), mode, thing, brokerUrl, onEvent: (event) => printEvent(io, event) });
      const { layout } = nucleus;
      control = new ControlServer(layout.controlSocket, nucleus.deploy.bind(nucleus));
      await nucleus.start();
      await control.start();
      if (io.output === 'table') {
        printProgress(io, `${mode} nucleus of ${thing} in ${layout.root}; IoT Core is ${brokerUrl}; Ctrl-C ends it`);
      } else
        printJson(io, { event: 'nucleus', mode, thing, root: layout.root, broker: brokerUrl, ipc: layout.ipcSocket });
      await untilAborted(io.signal);
    } finally {
      await control?.stop();
      await nucleus?.stop();
      await iotCore.stop();
    }
    return 0;
  },
};

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

function thingName(text: string): Result<string> {
  return /^[A-Za-z0-9:_-]{1,128}$/.test(text) ? ok(text) : fail('E_USAGE', `${text} is no thing name`);
}
