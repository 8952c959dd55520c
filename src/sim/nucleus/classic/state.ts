/** The states of a component on the classic nucleus (State.java). */
export type State =
  | 'NEW'
  | 'INSTALLED'
  | 'STARTING'
  | 'RUNNING'
  | 'STOPPING'
  | 'FINISHED'
  | 'ERRORED'
  | 'BROKEN'
  | 'UNINSTALLING'
  | 'UNINSTALLED';

/** Where a service that has stopped goes, to reach what is desired. */
export function afterStop(desired: State): State {
  return desired === 'RUNNING' ? 'INSTALLED' : desired;
}
