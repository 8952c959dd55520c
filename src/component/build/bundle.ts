import { sep } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { fail, ok, type Result } from '../../domain/errors.ts';

export type Bundle = {
  /** By their path inside `app/`. The same on every machine. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The folder of every package that code comes from, as `node_modules/NAME`, sorted. */
  readonly packages: readonly string[];
  /** Every file that code comes from, sorted. */
  readonly inputs: readonly string[];
};

/** Found by the bundle's own package.json: where they lie is not known when a chunk is written. */
export const BUNDLE_IMPORTS = { '#runner': './runner-main.mjs', '#aws-crt': './native/aws-crt-nodejs.node' } as const;

const ENTRIES = { cli: 'bin/openclaw-edge.js', 'runner-main': 'src/adapters/onnx/runner-main.ts' };

/** Tools of a developer's machine: on a device their commands do not exist. */
const LEFT_OUT = /\/src\/cli\/(component-[a-z]+|simulate-(nucleus|deploy))\.ts$/;

/** Older packages call `require`, which a module does not have. */
const BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** Bundles the agent and its runner: all JavaScript in few files, loaded lazily where the source does so. */
export async function bundle(root: string): Promise<Result<Bundle>> {
  try {
    const { outputFiles, metafile } = await build({
      absWorkingDir: root,
      entryPoints: ENTRIES,
      // Never written: the paths in the source maps start at it, and so hold nothing of this machine.
      outdir: 'app',
      write: false,
      metafile: true,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      outExtension: { '.js': '.mjs' },
      chunkNames: 'chunks/[name]-[hash]',
      banner: { js: BANNER },
      // Names and lines stay readable: a stack trace from a device tells something even without its map.
      minify: false,
      sourcemap: 'linked',
      // The sources are at the tag of the version; they would add half of the bundle's size.
      sourcesContent: false,
      external: ['onnxruntime-node', ...Object.keys(BUNDLE_IMPORTS)],
      plugins: [leaveOutTools, loadNativeFromBundle],
      preserveSymlinks: true,
      logLevel: 'silent',
    });
    const start = `${root}${sep}app${sep}`;
    const files = outputFiles.map(({ path, contents }) => [path.slice(start.length), contents] as const);
    const inputs = inputsOf(metafile);
    return ok({ files: new Map(files), inputs, packages: packagesOf(inputs) });
  } catch (thrown) {
    return fail('E_COMPONENT_BUILD', thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}

const leaveOutTools: Plugin = {
  name: 'leave-out-tools',
  setup({ onLoad }) {
    onLoad({ filter: LEFT_OUT }, () => ({ contents: 'export {};' }));
  },
};

/** aws-crt looks for its binary beside its own files, and asks a program (ldd) which C library there is. */
const loadNativeFromBundle: Plugin = {
  name: 'load-native-from-bundle',
  setup({ onLoad }) {
    onLoad({ filter: /\/aws-crt\/dist\/native\/binding\.js$/ }, () => ({
      contents: `
        Object.defineProperty(exports, '__esModule', { value: true });
        exports.CRuntimeType = Object.freeze({ NON_LINUX: 'cruntime', MUSL: 'musl', GLIBC: 'glibc' });
        exports.cRuntime = exports.CRuntimeType.GLIBC;
        exports.default = require('#aws-crt');`,
      loader: 'js',
    }));
  },
};

/** What was read and then shaken off is not in the bundle. */
function inputsOf({ outputs }: Metafile): string[] {
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
  return [...new Set(used)].sort();
}

/** The innermost package: `node_modules/a/node_modules/b/index.js` is of b. */
export function packagesOf(inputs: readonly string[]): string[] {
  const folders = inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  return [...new Set(folders)].sort();
}
