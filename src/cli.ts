import { Command, CommanderError, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import type { CliCommand, ExitCode, Flag } from './cli/command.ts';
import { type Io, OUTPUTS, type Output, printError } from './cli/io.ts';
import { EdgeError, failure, toFailure } from './domain/errors.ts';

/** Every command by its words, loaded only when it is asked for: the agent must start in a moment. */
export const COMMANDS: Record<string, () => Promise<CliCommand>> = {
  'agent run': async () => {
    const [{ agentRun }, { startDevice, startComponent }] = await Promise.all([
      import('./cli/agent-run.ts'),
      import('./main.ts'),
    ]);
    return agentRun(startDevice, startComponent(process.env)) as CliCommand;
  },
  'agent check': async () => (await import('./cli/agent-check.ts')).agentCheck as CliCommand,
  'model init': async () => {
    const [{ modelInit }, { makeTestRunner }] = await Promise.all([
      import('./cli/model-init.ts'),
      import('./compose/tools.ts'),
    ]);
    return modelInit(makeTestRunner) as unknown as CliCommand;
  },
  'model pack': async () => (await import('./cli/model-pack.ts')).modelPack as unknown as CliCommand,
  'model list': async () => (await import('./cli/model-list.ts')).modelList as CliCommand,
  'model sign': async () => (await import('./cli/model-sign.ts')).modelSign as unknown as CliCommand,
  'model verify': async () => (await import('./cli/model-verify.ts')).modelVerify as unknown as CliCommand,
  'model inspect': async () => (await import('./cli/model-inspect.ts')).modelInspect as CliCommand,
  'model test': async () => {
    const [{ modelTest }, { makeTestRunner }] = await Promise.all([
      import('./cli/model-test.ts'),
      import('./compose/tools.ts'),
    ]);
    return modelTest(makeTestRunner) as unknown as CliCommand;
  },
  'model activate': async () => (await import('./cli/model-activate.ts')).modelActivate as unknown as CliCommand,
  'model rollback': async () => (await import('./cli/model-rollback.ts')).modelRollback as unknown as CliCommand,
  'trust init': async () => (await import('./cli/trust-init.ts')).trustInit as unknown as CliCommand,
  'trust sign': async () => (await import('./cli/trust-sign.ts')).trustSign as CliCommand,
  'trust rotate': async () => (await import('./cli/trust-rotate.ts')).trustRotate as CliCommand,
  'audit verify': async () => {
    const [{ auditVerify }, { verifyAudit }] = await Promise.all([
      import('./cli/audit-verify.ts'),
      import('./adapters/audit-chain.ts'),
    ]);
    return auditVerify(verifyAudit) as CliCommand;
  },
  'component build': async () => (await import('./cli/component-build.ts')).componentBuild as unknown as CliCommand,
  doctor: async () => {
    const [{ doctor }, { doctorProbes }] = await Promise.all([import('./cli/doctor.ts'), import('./compose/tools.ts')]);
    return doctor(doctorProbes) as CliCommand;
  },
  'component lint': async () => (await import('./cli/component-lint.ts')).componentLint as CliCommand,
  'simulate nucleus': async () => (await import('./cli/simulate-nucleus.ts')).simulateNucleus as unknown as CliCommand,
  'simulate deploy': async () => (await import('./cli/simulate-deploy.ts')).simulateDeploy as unknown as CliCommand,
  'simulate sensors': async () => (await import('./cli/simulate-sensors.ts')).simulateSensors as unknown as CliCommand,
};

const NOUNS = new Map([
  ['agent', "This device's agents"],
  ['model', 'Model packages'],
  ['trust', 'Whom devices believe'],
  ['audit', 'What was decided on a device, and by whom'],
  ['component', 'Greengrass components'],
  ['simulate', 'A factory on a laptop'],
]);

/** Runs one command line; resolves with its exit code. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  const abort = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => abort.abort(new Error(name)));
  const io = makeIo(wantedOutput(argv), abort.signal);
  let exitCode: ExitCode = 0;
  const program = await makeProgram(argv, async (command, args, flags) => {
    exitCode = await command.run({ args, flags }, io);
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? 0 : printError(io, failure('E_USAGE', plainMessage(error)));
    if (error instanceof EdgeError) return printError(io, toFailure(error));
    if (error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return printError(io, toFailure(error));
  }
}

type Action = (command: CliCommand, args: string[], flags: Record<string, unknown>) => Promise<void>;

/** Builds only the command that is asked for; all of them for help. */
async function makeProgram(argv: readonly string[], action: Action): Promise<Command> {
  const program = prepare(new Command('openclaw-edge'))
    .description(packageJson.description)
    .version(packageJson.version);
  const words = argv.filter((word) => !word.startsWith('-'));
  const asked = Object.keys(COMMANDS).filter((name) => name === words.slice(0, name.split(' ').length).join(' '));
  const groups = new Map<string, Command>();
  for (const name of asked.length > 0 ? asked : Object.keys(COMMANDS)) {
    const command = await COMMANDS[name]?.();
    if (command === undefined) continue;
    const [noun = '', verb] = name.split(' ');
    if (verb === undefined) {
      addCommand(program, noun, command, action);
      continue;
    }
    const group = groups.get(noun) ?? prepare(program.command(noun)).description(NOUNS.get(noun) ?? '');
    groups.set(noun, group);
    addCommand(group, verb, command, action);
  }
  return program;
}

/** Errors come back as exceptions, so that they are printed, and exit, as all others do. Help for no command goes to stderr. */
function prepare(command: Command): Command {
  return command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false);
}

function addCommand(parent: Command, word: string, command: CliCommand, action: Action): void {
  const built = prepare(parent.command(word)).description(command.summary);
  for (const { name, description } of command.args) built.argument(name, description);
  for (const flag of command.flags) built.addOption(toOption(flag));
  built.addOption(new Option('-o, --output <format>', 'how data is printed').choices(OUTPUTS).default('table'));
  built.action(async () => action(command, built.args, built.opts()));
}

function toOption({ name, description, default: value, defaultText, parse }: Flag): Option {
  const option = new Option(name, description);
  if (value !== undefined) option.default(value, defaultText);
  if (parse !== undefined) {
    option.argParser((text, before: unknown) => {
      const parsed = parse(text);
      if (!parsed.ok) throw new EdgeError({ ...parsed.error, message: `${parsed.error.message} (${name})` });
      // `<x...>`: each value is a list of one, and they add up.
      return option.variadic && Array.isArray(before) ? before.concat(parsed.value) : parsed.value;
    });
  }
  return option;
}

/** Before the flags are parsed: an error in them is printed in this form too. */
function wantedOutput(argv: readonly string[]): Output {
  const at = argv.findIndex((word) => /^(-o|--output(=|$))/.test(word));
  const text = /^(?:-o|--output=)(.+)/.exec(argv[at] ?? '')?.[1] ?? argv[at + 1];
  return at < 0 ? 'table' : (OUTPUTS.find((output) => output === text) ?? 'table');
}

function makeIo(output: Output, signal: AbortSignal): Io {
  const isTTY = process.stderr.isTTY === true;
  const color = isTTY && process.env['NO_COLOR'] === undefined;
  return { stdout: process.stdout, stderr: process.stderr, isTTY, color, output, signal };
}

function plainMessage(error: CommanderError): string {
  if (error.code === 'commander.help') return 'it holds no command';
  return error.message.replace(/^error: /, '').replace(/\n/g, ' ');
}
