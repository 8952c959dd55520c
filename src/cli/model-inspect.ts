import type { Variant } from '../domain/manifest.ts';
import { inspectGraph } from '../package/graph.ts';
import { openPackage, readVariant } from '../package/load.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { printError, printJson, printTable, type Row } from './io.ts';
import { givenPackage } from './package-folder.ts';

/** `model inspect PACKAGE`: what a package promises, and what its graphs say. */
export const modelInspect: CliCommand<Record<never, never>> = {
  name: 'model inspect',
  summary: 'Show what a model package promises and what its graphs hold',
  args: [{ name: '<package>', description: 'folder of a package, or the name of a shipped one' }],
  flags: [],
  async run({ args }, io): Promise<ExitCode> {
    const opened = await openPackage(givenPackage(args[0] ?? ''));
    if (!opened.ok) return printError(io, opened.error);
    const { manifest, golden } = opened.value;
    const variants = [];
    for (const variant of manifest.variants) {
      const read = await readVariant(opened.value, variant.id);
      if (!read.ok) return printError(io, read.error);
      const graph = inspectGraph(read.value.bytes);
      if (!graph.ok) return printError(io, graph.error);
      variants.push({ ...variant, graph: graph.value });
    }
    if (io.output !== 'table') {
      printJson(io, { ok: true, manifest, goldenCases: golden.length, variants });
      return 0;
    }
    const { input, output } = manifest;
    io.stdout.write(`${manifest.name} ${manifest.version}: ${manifest.description}\n`);
    io.stdout.write(
      `${manifest.task} of ${input.window} samples of ${input.channels.join(', ')}, every ${input.hop}, to ${output.labels.join(', ')}\n\n`,
    );
    printTable(io, variants.map(describe));
    return 0;
  },
};

function describe({ id, size, precision, bytes, sha256, graph }: Variant & { graph: GraphOf }): Row {
  const opset = graph.opsets['ai.onnx'];
  return {
    variant: id,
    size,
    precision,
    bytes,
    nodes: graph.nodes,
    opset,
    producer: graph.producer,
    sha256: sha256.slice(0, 16),
  };
}

type GraphOf = Extract<ReturnType<typeof inspectGraph>, { ok: true }>['value'];
