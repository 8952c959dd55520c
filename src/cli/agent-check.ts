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
    const { thing, bus, agents } = checked.value;
    if (io.output !== 'table') {
      printJson(io, { ok: true, config: checked.value });
      return 0;
    }
    printTable(
      io,
      agents.map(({ name, inputs, model, runner, decisions }) => ({
        thing,
        bus: bus.kind === 'url' ? bus.url : `embedded, port ${bus.port}`,
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
