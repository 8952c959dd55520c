import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EdgeError, failure, given } from '../../domain/errors.ts';
import { ClassicEngine } from './classic/engine.ts';
import { ComponentLogs } from './component-logs.ts';
import { ComponentStore } from './component-store.ts';
import { Configuration } from './configuration.ts';
import { Deployments } from './deployments.ts';
import type { Device, Engine } from './device.ts';
import type { DeployedComponent, DeploymentDocument, DeploymentResult } from './document.ts';
import { componentEnvironment, NUCLEUS_VERSIONS, nucleusName } from './environment.ts';
import { IpcServer } from './ipc/server.ts';
import { Layout } from './layout.ts';
import { LiteEngine } from './lite/engine.ts';
import { makeServices } from './make-services.ts';
import { stamped, type Unstamped } from './nucleus-event.ts';
import { type FullOptions, type NucleusOptions, withDefaults } from './nucleus-options.ts';
import { ProcessGroups } from './process-groups.ts';
import type { PubSub } from './pubsub.ts';
import { type SavedComponent, StateFile } from './saved-state.ts';
import type { NucleusServices } from './services.ts';
import { runStagesIn } from './stage-runner.ts';
import { takeRoot } from './take-root.ts';
import { SECONDS } from './timing.ts';
import { Tokens } from './tokens.ts';
import { UpdateNotices } from './update-notices.ts';

/** A unit of systemd may take 90 s to stop; whoever stops a simulator does not want to wait for that. */
const STOP_DEADLINE_MS = 20_000;

/**
 * A Greengrass core device that runs the real recipes' real scripts on this machine, as the classic nucleus or nucleus
 * lite does. A development tool: one user, no isolation, nothing of it is for production.
 */
export class Nucleus {
  readonly #options: FullOptions;
  readonly #layout: Layout;
  readonly #groups: ProcessGroups;
  readonly #tokens = new Tokens();
  readonly #notices: UpdateNotices;
  readonly #configuration: Configuration;
  readonly #components = new Map<string, SavedComponent>();
  readonly #targets = new Map<string, Readonly<Record<string, string>>>();
  readonly #logs: ComponentLogs;
  readonly #state: StateFile;
  readonly #engine: Engine;
  readonly #deployments: Deployments;
  readonly #store: ComponentStore;
  readonly #ipc: IpcServer;
  readonly services: NucleusServices;
  readonly #stopped = new AbortController();
  #isStarted = false;
  /** The root folder is ours: no other nucleus has it, and none of another mode. */
  #isOurs = false;
  #isDead = false;
  #stopping: Promise<void> | undefined;

  constructor(options: NucleusOptions) {
    this.#options = withDefaults(options);
    const { root, mode, thing, time, secondMs } = this.#options;
    const machine = { mode, architecture: process.arch === 'arm64' ? 'aarch64' : 'amd64' } as const;
    this.#layout = new Layout(root, mode);
    this.#logs = new ComponentLogs(this.#layout);
    this.#groups = new ProcessGroups(this.#layout.root, time);
    this.#notices = new UpdateNotices(time, secondMs);
    this.#state = new StateFile(this.#layout.state, () => this.#collect());
    this.#configuration = new Configuration(mode, () => this.#saveSoon());
    this.#store = new ComponentStore(this.#layout, machine);
    const device: Device = {
      machine,
      thing,
      layout: this.#layout,
      store: this.#store,
      configuration: this.#configuration,
      components: this.#components,
      targets: this.#targets,
      time,
      secondMs,
      run: runStagesIn(this.#groups),
      log: (component) => this.#logs.of(component),
      environment: (component) => this.#environment(component),
      tell: (component, state, reason) => this.#tellComponent(component, state, reason),
      save: () => this.#save(),
    };
    this.#engine = mode === 'lite' ? new LiteEngine(device) : new ClassicEngine(device, this.#notices);
    this.#deployments = new Deployments({
      apply: (id, document, signal) => this.#engine.apply(id, document, signal),
      tell: (deploymentId, status, reason) => this.#tell({ event: 'deployment', deploymentId, status, reason }),
      save: () => this.#save(),
    });
    this.services = makeServices({
      mode,
      thing,
      tokens: this.#tokens,
      configuration: this.#configuration,
      notices: this.#notices,
      deployments: this.#deployments,
      components: () => this.#details(),
      has: (component) => this.#components.has(component),
      report: (component, state) => this.#engine.report(component, state),
      restart: (component) => this.#engine.restart(component),
    });
    this.#ipc = new IpcServer({
      services: this.services,
      socketPath: this.#layout.ipcSocket,
      brokerUrl: options.brokerUrl,
    });
  }

  get layout(): Layout {
    return this.#layout;
  }

  /** The local bus, for what takes part in it without being a component. */
  get pubsub(): PubSub {
    return this.#ipc.pubsub;
  }

  /** Takes up what the root folder holds: configuration, components, deployments that the cloud sends again. */
  async start(): Promise<void> {
    const { mode, time, secondMs } = this.#options;
    if (this.#isStarted) throw new Error('the nucleus was started before');
    this.#isStarted = true;
    const saved = await takeRoot(this.#layout, mode, this.#state);
    this.#isOurs = true;
    // A nucleus that was killed may have left some; as systemd would, none of them outlives it.
    await this.#groups.killLeftovers();
    await this.#store.open();
    for (const [name, component] of Object.entries(saved.components)) this.#components.set(name, component);
    for (const [name, node] of Object.entries(saved.configuration)) this.#configuration.restore(name, node);
    for (const [target, wanted] of Object.entries(saved.targets)) this.#targets.set(target, wanted);
    await this.#listen();
    await this.#engine.start();
    this.#deployments.restore(saved.queue, saved.ends, time.sleep(SECONDS.resend * secondMs, this.#stopped.signal));
  }

  /** Queued behind those before it. Resolves when it has ended, also badly; rejects when the nucleus stops before. */
  async deploy(document: DeploymentDocument): Promise<DeploymentResult> {
    const ended = await this.#deployments.add(document).ended;
    return { ...ended, components: this.components() };
  }

  components(): readonly DeployedComponent[] {
    return [...this.#components].map(([name, { version }]) => ({ name, version, state: this.#engine.stateOf(name) }));
  }

  /** The IPC daemon dies and comes back while the components live. On lite it forgets every token with it. */
  async restartIpc(): Promise<void> {
    await this.#ipc.stop();
    if (this.#options.mode === 'lite') this.#tokens.forgetAll();
    await this.#listen();
  }

  /** All IPC connections end; the daemon forgets nothing, and listens again at once. */
  async cutIpc(): Promise<void> {
    await this.#ipc.cut();
    await this.#listen();
  }

  /** Ends every process in good order, and after 20 s in any. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The power fails: SIGKILL for every process, and nothing more is written. The root folder is as after a power cut. */
  async killAll(): Promise<void> {
    this.#isDead = true;
    this.#deployments.abort();
    const written = this.#state.die();
    await this.#groups.killAll();
    await written;
    await this.stop();
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    if (!this.#isOurs) return;
    await this.#deployments.stop();
    const inGoodOrder = this.#engine.stop();
    const inTime = new AbortController();
    await Promise.race([inGoodOrder, this.#options.time.sleep(STOP_DEADLINE_MS, inTime.signal).catch(() => {})]);
    inTime.abort();
    await this.#groups.killAll();
    await inGoodOrder;
    await this.#ipc.stop();
    await this.#logs.settled();
    await this.#save().catch((cause: Error) => {
      throw new EdgeError(failure('E_STATE_IO', cause.message, cause));
    });
  }

  async #listen(): Promise<void> {
    await mkdir(dirname(this.#layout.ipcSocket), { recursive: true, mode: 0o700 });
    given(await this.#ipc.start());
  }

  #details(): readonly DeployedComponent[] {
    const { mode } = this.#options;
    const own = { name: nucleusName(mode), version: NUCLEUS_VERSIONS[mode], state: 'RUNNING' };
    return [own, ...this.components().filter(({ name }) => name !== own.name)];
  }

  #environment(component: string): Record<string, string> {
    return componentEnvironment({
      ...this.#options,
      socket: this.#layout.ipcSocket,
      token: this.#tokens.tokenOf(component),
      home: this.#layout.work(component),
    });
  }

  #collect() {
    const configuration = [...this.#components.keys()].flatMap((name) => {
      const node = this.#configuration.save(name);
      return node === undefined ? [] : [[name, node] as const];
    });
    return {
      mode: this.#options.mode,
      components: Object.fromEntries(this.#components),
      configuration: Object.fromEntries(configuration),
      targets: Object.fromEntries(this.#targets),
      ...this.#deployments.save(),
    };
  }

  #save(): Promise<void> {
    return this.#isDead ? Promise.resolve() : this.#state.write();
  }

  #saveSoon(): void {
    // Whoever waits for a later one is told.
    if (this.#isStarted) void this.#save().catch(() => {});
  }

  #tellComponent(component: string, state: string, reason: string | undefined): void {
    const version = this.#components.get(component)?.version ?? '-';
    this.#tell({ event: 'component', component, version, state, reason });
  }

  #tell(event: Unstamped): void {
    if (this.#isDead) return;
    const { time, onEvent } = this.#options;
    onEvent?.(stamped(event, time.now()));
  }
}
