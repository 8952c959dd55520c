import { fail, ok, type Result } from '../domain/errors.ts';
import { bearings } from '../sim/bearings.ts';
import { Publisher, type Sent, windowsDueByKey } from '../sim/publisher.ts';
import { pickRecordings, Replay, readRecordings } from '../sim/replay.ts';
import type { Fault, VibrationSensor } from '../sim/sensor.ts';
import type { CliCommand, CommandInput, ExitCode } from './command.ts';
import { type Io, printError, printJson, printProgress, printTable } from './io.ts';
import { FAILED_SHARE, ONSET_SHARE, type SimulateFlags, simulateFlags } from './simulate-sensors-flags.ts';

export const simulateSensors: CliCommand<SimulateFlags> = {
  name: 'simulate sensors',
  summary: 'Publish virtual bearings that wear out, or recordings, to a broker',
  args: [],
  flags: simulateFlags,
  async run({ flags }: CommandInput<SimulateFlags>, io: Io): Promise<ExitCode> {
    const sensors = flags.data === undefined ? wornBearings(flags) : await replays(flags.data, flags);
    if (!sensors.ok) return printError(io, sensors.error);
    const publisher = new Publisher({
      broker: flags.broker,
      sensors: sensors.value,
      durationMs: flags.duration,
      rate: flags.rate,
      batch: flags.batch,
      format: flags.format,
      qos: flags.qos === '1' ? 1 : 0,
      topic: flags.topic,
    });
    try {
      const started = await publisher.start(io.signal);
      if (!started.ok && !io.signal.aborted) return printError(io, started.error);
      printProgress(
        io,
        `${sensors.value.length} sensors to ${withoutSecrets(flags.broker)}, ${flags.duration / 1000} s`,
      );
      await publisher.run(io.signal);
    } finally {
      await publisher.stop();
    }
    printSummary(io, publisher.sent(), flags);
    return 0;
  },
};

function wornBearings(flags: SimulateFlags): Result<readonly VibrationSensor[]> {
  const faults: readonly Fault[] = flags.fail ?? (['inner', 'outer'] as const).slice(0, flags.bearings);
  if (faults.length > flags.bearings)
    return fail('E_USAGE', `--fail names ${faults.length} faults for ${flags.bearings} bearings`);
  const runSec = (flags.duration / 1000) * flags.rate;
  const onsetSec = flags.onset === undefined ? runSec * ONSET_SHARE : flags.onset / 1000;
  const failSec = flags.failed === undefined ? Math.max(onsetSec, runSec * FAILED_SHARE) : flags.failed / 1000;
  if (failSec < onsetSec) return fail('E_USAGE', '--failed lies before --onset');
  return ok(bearings({ count: flags.bearings, fail: faults, seed: flags.seed, onsetSec, failSec }));
}

async function replays(folder: string, flags: SimulateFlags): Promise<Result<readonly VibrationSensor[]>> {
  if (flags.fail !== undefined) return fail('E_USAGE', '--fail is for virtual bearings: recordings are as they are');
  const recordings = await readRecordings(folder);
  if (!recordings.ok) return recordings;
  const chosen = pickRecordings(recordings.value, flags.keys ?? recordings.value.length);
  return ok(chosen.map((recording) => new Replay(recording, { offset: flags.offset, loop: flags.loop })));
}

function printSummary(io: Io, sent: Sent, flags: SimulateFlags): void {
  const due = windowsDueByKey(sent, flags.window, flags.hop);
  const sensors = sent.sensors.map((sensor) => ({
    key: sensor.key,
    fault: sensor.fault ?? 'unknown',
    messages: sensor.messages,
    samples: sensor.samples,
    windowsDue: due.get(sensor.key) ?? 0,
  }));
  if (io.output === 'json') printJson(io, { ok: true, ...sent, sensors });
  else if (io.output === 'ndjson') for (const sensor of sensors) printJson(io, sensor);
  else printTable(io, sensors);
  const late = `at most ${Math.round(sent.maxLateMs)} ms late`;
  printProgress(
    io,
    `${sent.messages} messages sent, ${sent.delivered} delivered, ${sent.missed} missed while offline, ${late}`,
  );
}

/** A broker's password stands in its URL, and progress ends up in logs. */
function withoutSecrets(url: string): string {
  return new URL(url).host;
}
