import type { LogFile } from './log-file.ts';
import type { Exit, Launch, ProcessGroups } from './process-groups.ts';

/** A stage that runs. */
export type RunningStage = {
  readonly pid: number | undefined;
  readonly exited: Promise<Exit>;
  /** Ends it and all it has started. Idempotent. */
  end(graceMs: number): Promise<void>;
};

/** Starts stages as processes; tests of the life cycles put something else in its place. */
export type StageRunner = (launch: Launch, log: LogFile, frame: Frame) => RunningStage;
/** Makes the log's line of a line that a process wrote. */
export type Frame = (line: string, stream: Stream, pid: number) => string;
export type Stream = 'stdout' | 'stderr';

/** Starts stages as process groups. A log may take longer than its process: a grandchild may hold the pipe open. */
export function runStagesIn(groups: ProcessGroups): StageRunner {
  return (launch, log, frame) => {
    const group = groups.start(launch);
    const pid = group.pid ?? 0;
    void log.follow(group.stdout, (line) => frame(line, 'stdout', pid));
    void log.follow(group.stderr, (line) => frame(line, 'stderr', pid));
    let ended: Promise<void> | undefined;
    return {
      pid: group.pid,
      exited: group.exited,
      end: (graceMs) => {
        ended ??= group.end(graceMs);
        return ended;
      },
    };
  };
}
