import { connect } from 'node:net';
import { EdgeError, failure } from '../../domain/errors.ts';
import type { Layout } from './layout.ts';
import { emptyState, type SavedState, type StateFile } from './saved-state.ts';
import type { NucleusMode } from './services.ts';

/** Reads what the root folder holds. Throws E_USAGE where it is no folder, another nucleus has it, or one of another mode had it. */
export async function takeRoot(layout: Layout, mode: NucleusMode, file: StateFile): Promise<SavedState> {
  const saved = (await readSaved(layout, file)) ?? emptyState(mode);
  if (saved.mode !== mode) {
    throw new EdgeError(failure('E_USAGE', `${layout.root} belongs to a nucleus in ${saved.mode} mode`));
  }
  // Two of one root would end each other's processes.
  if (await isListening(layout.ipcSocket)) {
    throw new EdgeError(failure('E_USAGE', `another nucleus runs in ${layout.root}`));
  }
  return saved;
}

async function readSaved(layout: Layout, file: StateFile): Promise<SavedState | undefined> {
  try {
    return await file.read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EdgeError(failure('E_USAGE', `${layout.root} cannot be the root folder of a device: ${reason}`, cause));
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
