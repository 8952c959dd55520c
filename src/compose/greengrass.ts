import { join } from 'node:path';
import { GreengrassConfiguration } from '../adapters/greengrass/configuration.ts';
import { GreengrassHost } from '../adapters/greengrass/host.ts';
import { IpcLink } from '../adapters/greengrass/link.ts';
import { localPulseTopic } from '../adapters/greengrass/local-bus.ts';
import { Watchdog } from '../adapters/greengrass/watchdog.ts';
import { pinoLog, stdoutSink } from '../adapters/pino-log.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Config } from '../config/config.ts';
import { fromGreengrass } from '../config/from-greengrass.ts';
import type { Checked } from '../config/load.ts';
import { EdgeError, type Result, toFailure } from '../domain/errors.ts';
import type { Device, DeviceOptions } from '../main.ts';
import type { Log } from '../ports/log.ts';
import { admitConfiguration } from './admit-configuration.ts';
import { ComponentConfiguration, type Refused } from './component-configuration.ts';
import type { ComponentEnv } from './component-env.ts';
import { componentPlatform } from './component-platform.ts';
import { ConfigurationLife } from './configuration-life.ts';
import { KeptConfiguration } from './kept-configuration.ts';
import { orAborted } from './or-aborted.ts';
import { TokenWatch } from './token-watch.ts';

/** What the device leaves of its deadline for the connection to the nucleus. */
const LINK_STOP_MS = 500;
/** A device whose agents are all refused holds nothing worth waiting for. */
const STOP_REFUSED_MS = 1_000;
/** The nucleus may ask again after this. */
const HOLD_MS = 15_000;

export type ComponentOptions = {
  readonly env: ComponentEnv;
  readonly startDevice: (options: DeviceOptions) => Promise<Device>;
  /** Flags of the command line go before what was delivered. */
  readonly override: (config: Config) => Config;
  /** The configuration comes from a file after all (`--config`). */
  readonly file: { readonly baseDir: string; readonly read: () => Promise<Checked> } | undefined;
  /** Aborted when the process is told to end. */
  readonly signal: AbortSignal;
};

export type ComponentDevice = Pick<Device, 'url' | 'refusal' | 'stop'> & {
  /** Aborted once the device has to be started anew, with its new configuration. */
  readonly restart: AbortSignal | undefined;
  /** Aborted once only a new process helps, which the nucleus has to start. */
  readonly failed: AbortSignal;
};

/** Starts this device as a Greengrass component. Refused: no configuration that may be run was ever there. */
export async function startComponent(
  options: ComponentOptions,
): Promise<{ readonly ok: true; readonly value: ComponentDevice } | Refused> {
  const log = pinoLog({ level: 'info', sink: stdoutSink() });
  crashInOneLine(log);
  try {
    return await new Component(options, log).start();
  } catch (thrown) {
    if (thrown instanceof EdgeError) throw thrown;
    log.error({ err: thrown }, 'agent crashed');
    return { ok: false, error: toFailure(thrown), problems: [] };
  }
}

class Component {
  readonly #options: ComponentOptions;
  readonly #log: Log;
  readonly #link: IpcLink;
  readonly #source: GreengrassConfiguration;
  readonly #host: GreengrassHost;
  readonly #configuration: ComponentConfiguration;
  readonly #token: TokenWatch;
  #watchdog: Watchdog | undefined;

  constructor(options: ComponentOptions, log: Log) {
    const { env } = options;
    const clock = systemClock;
    this.#options = options;
    this.#log = log;
    const { socketPath, token } = env;
    const link = new IpcLink({ socketPath, token, clock, log: log.child({ part: 'ipc' }), random: Math.random });
    this.#link = link;
    this.#source = new GreengrassConfiguration({ link, clock, log: log.child({ part: 'configuration' }) });
    this.#host = new GreengrassHost({ link, clock, log: log.child({ part: 'host' }) });
    const state = join(env.home, 'state');
    this.#token = new TokenWatch({ link, file: join(state, 'greengrass-token-ended'), clock, log });
    const kept = new KeptConfiguration(join(state, 'greengrass-config.json'), log);
    const source = { read: () => this.#read() };
    this.#configuration = new ComponentConfiguration({ source, kept, check: this.#check, clock, log });
  }

  async start(): Promise<{ readonly ok: true; readonly value: ComponentDevice } | Refused> {
    await this.#token.start();
    await this.#link.start();
    const { file } = this.#options;
    const begun = file === undefined ? await this.#begin() : await this.#beginWith(file.read);
    if (!begun.ok) {
      this.#token.stop();
      await orAborted(this.#host.report('errored'), this.#options.signal);
      await this.#link.stop(LINK_STOP_MS);
      return begun;
    }
    const device = begun.value;
    await this.#host.start();
    this.#host.onDeployment(() => {
      const reason = device.unsettled();
      return reason === undefined ? undefined : { forMs: HOLD_MS, reason };
    });
    const life = file === undefined ? await this.#follow(device) : undefined;
    this.#watchdog?.start();
    await orAborted(this.#host.report(device.refusal === undefined ? 'running' : 'errored'), this.#options.signal);
    const stop = async (deadlineMs: number) => {
      this.#token.stop();
      await life?.stop();
      await this.#host.stop();
      await device.stop(Math.max(0, deadlineMs - LINK_STOP_MS));
      await this.#watchdog?.stop();
      await this.#link.stop(LINK_STOP_MS);
    };
    const { url, refusal } = device;
    return { ok: true, value: { url, refusal, restart: life?.restart, failed: this.#token.expired, stop } };
  }

  /** The first configuration with which the device starts: the delivered one, else the last one that ran. */
  async #begin(): Promise<{ readonly ok: true; readonly value: Device } | Refused> {
    const { candidates, refused } = await this.#configuration.begin(this.#options.signal);
    let last = refused;
    for (const candidate of candidates) {
      try {
        const device = await this.#startWith(candidate.config);
        const { refusal } = device;
        // No agent of it works at all: the one before it may do better.
        if (refusal === undefined || candidate === candidates.at(-1)) {
          if (refusal === undefined) await this.#configuration.accept(candidate);
          this.#log.info({ from: candidate.from, thing: candidate.config.thing }, 'device started');
          return { ok: true, value: device };
        }
        await device.stop(STOP_REFUSED_MS);
        this.#configuration.refuse({ error: refusal, problems: [] });
      } catch (thrown) {
        if (!(thrown instanceof EdgeError)) throw thrown;
        last ??= { ok: false, error: toFailure(thrown), problems: [] };
        if (candidate.from === 'nucleus') this.#configuration.refuse(last);
      }
    }
    if (last === undefined) throw new Error('neither a configuration nor a reason');
    return last;
  }

  async #beginWith(read: () => Promise<Checked>): Promise<{ readonly ok: true; readonly value: Device } | Refused> {
    const loaded = await read();
    const checked = loaded.ok ? admitConfiguration(loaded.value, this.#options.env.trust) : loaded;
    return checked.ok ? { ok: true, value: await this.#startWith(checked.value) } : checked;
  }

  /** Without a connection it tells why there is none. */
  async #read(): Promise<Result<unknown>> {
    const read = await this.#source.read();
    const { lastError } = this.#link;
    return !read.ok && read.error.code === 'E_IPC_OFFLINE' && lastError !== undefined
      ? { ok: false, error: lastError }
      : read;
  }

  #startWith(config: Config): Promise<Device> {
    const { env, startDevice, file } = this.#options;
    this.#log.setLevel(config.log.level);
    this.#watchdog = this.#makeWatchdog(config.thing);
    return startDevice({
      config,
      baseDir: file?.baseDir ?? env.home,
      home: env.hasHome ? env.home : undefined,
      log: this.#log,
      platform: componentPlatform({
        link: this.#link,
        socketPath: env.socketPath,
        clock: systemClock,
        configuration: () => this.#configuration.report,
      }),
      reread: async () => {
        if (file === undefined) return (await this.#configuration.read()).checked;
        const loaded = await file.read();
        return loaded.ok ? admitConfiguration(loaded.value, this.#options.env.trust) : loaded;
      },
    });
  }

  #makeWatchdog(thing: string): Watchdog {
    const log = this.#log.child({ part: 'ipc' });
    return new Watchdog({ link: this.#link, topic: localPulseTopic(thing), clock: systemClock, log });
  }

  async #follow(device: Device): Promise<ConfigurationLife> {
    // accessControl comes with the configuration.
    this.#source.onChange(() => this.#link.retryRefused());
    const life = new ConfigurationLife({
      source: this.#source,
      configuration: this.#configuration,
      check: this.#check,
      device,
      clock: systemClock,
      log: this.#log,
    });
    await life.start();
    return life;
  }

  readonly #check = (delivered: unknown): Checked => {
    const { env, override } = this.#options;
    const checked = fromGreengrass(delivered, { thing: env.thing });
    return checked.ok ? admitConfiguration(override(checked.value), env.trust) : checked;
  };
}

/** What nobody expected ends the process, as ever; its trace is one line of the component's log, not thirty. */
function crashInOneLine(log: Log): void {
  process.on('uncaughtException', (err, origin) => {
    log.error({ err, origin }, 'agent crashed');
    process.exit(4);
  });
}
