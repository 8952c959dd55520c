import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fail, ok, type Result } from '../../domain/errors.ts';

export type SandboxOptions = {
  /** The script that runs inside. */
  readonly entry: string;
  /** The `network` permission. */
  readonly network: boolean;
  /** The one folder that may be written to, for the `storage` permission. */
  readonly writable: string | undefined;
  /** Whatever else it must see, read-only. */
  readonly readable?: string | undefined;
};
type Command = { readonly argv: readonly [string, ...string[]]; readonly env: Readonly<Record<string, string>> };

const BWRAP = 'bwrap';
/** nobody: inside, the runner is a user that owns nothing. */
const NOBODY = '65534';
const SYSTEM = ['/usr', '/lib', '/lib64', '/etc/ld.so.cache'];
/** A sandbox that takes longer to start than this is not usable for a runner that must be back within a second. */
const CHECK_DEADLINE_MS = 5000;

// No network unless permitted, no other process, no capability; it dies with the agent, and cannot type into its terminal.
const BASE = [
  '--unshare-all',
  '--die-with-parent',
  '--new-session',
  '--cap-drop',
  'ALL',
  '--uid',
  NOBODY,
  '--gid',
  NOBODY,
];

/** Wraps a command so that it sees the system, itself and its libraries, read-only, and nothing else. */
export function sandboxed(command: Command, options: SandboxOptions): Command {
  const { network, writable } = options;
  const binds = [...SYSTEM.filter((path) => existsSync(path)), ...ownFiles(command.argv[0], options)];
  const argv: [string, ...string[]] = [BWRAP, ...BASE];
  if (network) argv.push('--share-net');
  argv.push('--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp');
  for (const path of binds) argv.push('--ro-bind', path, path);
  if (writable !== undefined) argv.push('--bind', writable, writable);
  argv.push('--remount-ro', '/', '--chdir', '/', '--', ...command.argv);
  return { argv, env: command.env };
}

/** Tries a sandbox: a program that is installed proves nothing where the kernel forbids user namespaces. */
export function sandboxAvailable(program = BWRAP): Promise<Result<void>> {
  const trial = sandboxed(
    { argv: [process.execPath, '--version'], env: {} },
    {
      entry: process.execPath,
      network: false,
      writable: undefined,
    },
  );
  const [, ...args] = trial.argv;
  return new Promise((resolve) => {
    execFile(program, args, { timeout: CHECK_DEADLINE_MS, env: trial.env }, (error, _stdout, stderr) => {
      resolve(error === null ? ok(undefined) : fail('E_SANDBOX_UNAVAILABLE', stderr.trim() || error.message, error));
    });
  });
}

/** Node itself, the code (the script's and ours, which in a bundle are one), ONNX Runtime: never the whole application, as its state may lie there. */
function ownFiles(node: string, { entry, readable = entry }: SandboxOptions): string[] {
  const code = [entry, import.meta.filename].flatMap(codeFolder);
  const runtime = dependency('onnxruntime-node', import.meta.url);
  const common = dependency('onnxruntime-common', runtime);
  return [node, ...code, runtime, common, readable]
    .filter((path) => existsSync(path))
    .flatMap((path) => [path, realpathSync(path)]);
}

/** The top folder that a script lies in, and the package.json that says how to read it. */
function codeFolder(script: string): string[] {
  const root = packageRoot(script);
  return [join(root, relative(root, script).split(sep)[0] ?? ''), join(root, 'package.json')];
}

/** The folder of a package, as Node finds it from here: its entry may lie deep inside. */
function dependency(name: string, from: string): string {
  const entry = createRequire(from.startsWith('file:') ? from : join(from, 'package.json')).resolve(name);
  const folder = join('node_modules', name);
  return entry.slice(0, entry.lastIndexOf(folder) + folder.length);
}

/** The nearest folder above that holds a package.json. */
function packageRoot(file: string): string {
  let folder = dirname(file);
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
