import { fail, ok, type Result } from '../domain/errors.ts';
import { inspectGraph } from './graph.ts';
import { checkGraphPolicy } from './graph-policy.ts';
import { openPackage, readVariant } from './load.ts';

/**
 * Looks into every ONNX file of a package folder for what no package may carry. For those who make and check packages:
 * a device loads a candidate in a process of its own, which may fall.
 */
export async function checkGraphs(folder: string): Promise<Result<void>> {
  const opened = await openPackage(folder);
  if (!opened.ok) return opened;
  for (const { id, file } of opened.value.manifest.variants) {
    const read = await readVariant(opened.value, id);
    if (!read.ok) return read;
    const graph = inspectGraph(read.value.bytes);
    const checked = graph.ok ? checkGraphPolicy(graph.value) : graph;
    if (!checked.ok) return fail(checked.error.code, `${file}: ${checked.error.message}`, checked.error);
  }
  return ok(undefined);
}
