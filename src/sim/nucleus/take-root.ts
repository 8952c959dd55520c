import { connect } from 'node:net';
import { EdgeError, failure } from '../../domain/errors.ts';
import type { Layout } from './layout.ts';
import { emptyState, type SavedState, type StateFile } from './saved-state.ts';
import type { NucleusMode } from './services.ts';

/** Reads what the root folder holds. Throws E_USAGE where another nucleus has the folder, or one of another mode had it. */
export async function takeRoot(layout: Layout, mode: NucleusMode, file: StateFile): Promise<SavedState> {
  const saved = (await file.read()) ?? emptyState(mode);
  if (saved.mode !== mode) {
    throw new EdgeError(failure('E_USAGE', `${layout.root} belongs to a nucleus in ${saved.mode} mode`));
  }
  // Two of one root would end each other's processes.
  if (await isListening(layout.ipcSocket)) {
    throw new EdgeError(failure('E_USAGE', `another nucleus runs in ${layout.root}`));
  }
  return saved;
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
