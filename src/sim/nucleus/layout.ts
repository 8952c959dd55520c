import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { NucleusMode } from './services.ts';

/** sun_path has 108 bytes with the NUL at its end. */
const MAX_SOCKET_PATH_BYTES = 107;

/** As each nucleus calls it (UnixPlatform; ggl.gg-ipc.socket of lite). */
export const IPC_SOCKETS: Readonly<Record<NucleusMode, string>> = { classic: 'ipc.socket', lite: 'gg-ipc.socket' };

/** Where a nucleus keeps what, below its root folder. */
export class Layout {
  readonly root: string;
  readonly #mode: NucleusMode;

  /** `mode` matters only to whoever looks for the IPC. */
  constructor(root: string, mode: NucleusMode = 'classic') {
    this.root = resolve(root);
    this.#mode = mode;
  }

  get recipes(): string {
    return join(this.root, 'packages', 'recipes');
  }

  get allArtifacts(): string {
    return join(this.root, 'packages', 'artifacts');
  }

  get allUnarchived(): string {
    return join(this.root, 'packages', 'artifacts-unarchived');
  }

  artifacts(name: string, version: string): string {
    return join(this.allArtifacts, name, version);
  }

  unarchived(name: string, version: string): string {
    return join(this.allUnarchived, name, version);
  }

  work(name: string): string {
    return join(this.root, 'work', name);
  }

  log(name: string): string {
    return join(this.root, 'logs', `${name}.log`);
  }

  /** Scripts of lite's stages as they run, and what stands first in their PATH. */
  get scripts(): string {
    return join(this.root, 'scripts');
  }

  get state(): string {
    return join(this.root, 'config', 'nucleus.json');
  }

  get ipcSocket(): string {
    return this.#socket(IPC_SOCKETS[this.#mode]);
  }

  /** Where `simulate deploy` asks. */
  get controlSocket(): string {
    return this.#socket('control.socket');
  }

  /** A root whose path is too long for a socket has it in the temporary folder, always at the same place. */
  #socket(name: string): string {
    const below = join(this.root, name);
    if (Buffer.byteLength(below) <= MAX_SOCKET_PATH_BYTES) return below;
    const short = createHash('sha256').update(this.root).digest('hex').slice(0, 16);
    return join(tmpdir(), `nucleus-${process.getuid?.() ?? 0}-${short}`, name);
  }
}

/** Names of components become names of folders. */
export function isComponentName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(text);
}
