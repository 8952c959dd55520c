import type { Config } from '../config/config.ts';
import { splitRoute } from '../domain/route.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { loadConfig, printProblems } from './config-file.ts';
import { printJson, printTable } from './io.ts';

/** `agent check CONFIG`: every problem of a configuration at once, or what it would run. */
export const agentCheck: CliCommand<Record<never, never>> = {
  name: 'agent check',
  summary: 'Check a configuration, and show every problem at once',
  args: [{ name: '<config>', description: 'configuration file in YAML' }],
  flags: [],
  async run({ args }, io): Promise<ExitCode> {
    const checked = await loadConfig(args[0]);
    if (!checked.ok) return printProblems(io, checked);
    const { thing, agents } = checked.value;
    if (io.output !== 'table') {
      printJson(io, { ok: true, config: checked.value });
      return 0;
    }
    printTable(
      io,
      agents.map(({ name, inputs, model, runner, decisions }) => ({
        thing,
        bus: told(checked.value),
        agent: name,
        inputs: inputs.map(({ topic }) => topic).join(', '),
        model: model.path,
        isolation: runner.isolation,
        alarms: decisions.alarms.map((rule) => rule.name).join(', '),
      })),
    );
    return 0;
  },
};

/** A component gets no broker that its configuration does not ask for. */
function told({ bus, agents }: Config): string {
  if (bus.kind === 'url') return bus.url;
  const isComponent = agents.some(({ inputs }) => inputs.some(({ topic }) => isOfNucleus(topic)));
  return isComponent && !bus.written ? 'that of the Greengrass nucleus' : `embedded, port ${bus.port}`;
}

function isOfNucleus(topic: string): boolean {
  const { route } = splitRoute(topic);
  return route === 'local' || route === 'iotcore';
}
