import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Device } from '../device.ts';
import { Fifo } from '../fifo.ts';
import type { Recipe, StageName } from '../recipe.ts';
import type { RunningStage } from '../stage-runner.ts';
import { SECONDS } from '../timing.ts';
import { liteScript } from './script.ts';
import { writeNotifyShim } from './shim.ts';
import { Unit, type UnitFile } from './unit.ts';

export type Phase = 'bootstrap' | 'install' | 'main';

/** Units of one component, made from the recipe of one version. */
type Units = {
  recipe: Recipe;
  readonly phases: Partial<Record<Phase, Unit>>;
  /** Enabled: the target starts its main unit. */
  isEnabled: boolean;
  /** A start is wanted, and waits for what the unit comes after. */
  isPending: boolean;
};

/** What systemd does for lite: the units of all components, and the order between them. */
export class LiteUnits {
  readonly #device: Device;
  readonly #units = new Map<string, Units>();
  readonly #onChange: () => void;
  #isStopping = false;

  /** `onChange` is called when the state of any unit has changed. */
  constructor(device: Device, onChange: () => void) {
    this.#device = device;
    this.#onChange = onChange;
  }

  async open(): Promise<void> {
    await writeNotifyShim(this.#device.layout.scripts);
  }

  /** Writes a component's unit files anew; what runs goes on by the old ones. */
  load(recipe: Recipe): void {
    const units = this.#units.get(recipe.name);
    if (units === undefined) this.#units.set(recipe.name, { recipe, phases: {}, isEnabled: false, isPending: false });
    else units.recipe = recipe;
    for (const warning of recipe.warnings) this.#device.tell(recipe.name, 'WARNING', warning);
  }

  has(component: string, phase: Phase): boolean {
    const stages = this.#units.get(component)?.recipe.lifecycle.stages;
    if (stages === undefined) return false;
    return phase === 'main' ? stages.startup !== undefined || stages.run !== undefined : stages[phase] !== undefined;
  }

  unit(component: string, phase: Phase): Unit | undefined {
    return this.#units.get(component)?.phases[phase];
  }

  /** `systemctl link`, after the old one was stopped: the unit is the one of the file as it is now. */
  async renew(component: string, phase: Phase): Promise<Unit | undefined> {
    await this.#units.get(component)?.phases[phase]?.stop();
    const units = this.#units.get(component);
    if (units === undefined || !this.has(component, phase)) return undefined;
    const unit = this.#make(component, phase, units);
    units.phases[phase] = unit;
    return unit;
  }

  enable(component: string): void {
    const units = this.#units.get(component);
    if (units !== undefined) units.isEnabled = true;
  }

  /** `systemctl start greengrass-lite.target`, after `systemctl reset-failed`. */
  startTarget(): void {
    for (const units of this.#units.values()) {
      const main = units.phases.main;
      main?.resetFailed();
      if (units.isEnabled && (main?.active === 'inactive' || main?.active === 'failed')) units.isPending = true;
    }
    this.#settle();
  }

  async restart(component: string): Promise<void> {
    const units = this.#units.get(component);
    const main = units?.phases.main;
    if (units === undefined || main === undefined) return;
    main.resetFailed();
    await main.stop();
    main.resetFailed();
    units.isPending = true;
    this.#settle();
  }

  async remove(component: string): Promise<void> {
    const units = this.#units.get(component);
    this.#units.delete(component);
    await Promise.all(Object.values(units?.phases ?? {}).map((unit) => unit.stop()));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const all = [...this.#units.values()].flatMap((units) => Object.values(units.phases));
    await Promise.all(all.map((unit) => unit.stop()));
  }

  /** Starts what may start, and stops what is bound to a unit that is gone (After, BindsTo). */
  #settle(): void {
    if (this.#isStopping) return;
    for (const units of this.#units.values()) {
      const main = units.phases.main;
      if (main === undefined) continue;
      const needs = this.#needs(units);
      const isBound = needs.every(({ unit, isHard }) => !isHard || unit?.active === 'active');
      const isUp = main.active === 'active' || main.active === 'activating';
      if (isUp && !isBound && !units.isPending) {
        units.isPending = true;
        void main.stop();
      } else if (!isUp && units.isPending && isBound && needs.every(({ unit }) => hasAnswered(unit))) {
        units.isPending = false;
        main.start();
      }
    }
  }

  #needs(units: Units): readonly { readonly unit: Unit | undefined; readonly isHard: boolean }[] {
    const others = Object.entries(units.recipe.dependencies).filter(([name]) => !name.startsWith('aws.greengrass.'));
    return others.map(([name, { type }]) => ({ unit: this.unit(name, 'main'), isHard: type === 'HARD' }));
  }

  #make(component: string, phase: Phase, units: Units): Unit {
    const { time, secondMs } = this.#device;
    const { recipe } = units;
    const stage: StageName =
      phase !== 'main' ? phase : recipe.lifecycle.stages.startup === undefined ? 'run' : 'startup';
    const unit = new Unit({
      file: unitFile(stage, recipe.lifecycle.stages[stage]?.timeoutSec),
      time,
      secondMs,
      launch: () => this.#launch(recipe, stage, (word) => unit.notify(word)),
      onChange: () => {
        if (phase === 'main') this.#device.tell(component, unit.state, unit.reason);
        else if (unit.active === 'failed') this.#device.tell(component, 'BROKEN', `${phase}: ${unit.reason}`);
        this.#settle();
        this.#onChange();
      },
    });
    return unit;
  }

  async #launch(recipe: Recipe, stage: StageName, onWord: (word: string) => void): Promise<RunningStage> {
    const { layout, configuration, thing, log, environment, run } = this.#device;
    const { name, version, lifecycle } = recipe;
    const script = liteScript(lifecycle, stage, {
      layout,
      thing,
      name,
      version,
      configuration: (component, path) => configuration.get(component, path),
      dependencies: {},
    });
    if (script.cutOff !== undefined) this.#device.tell(name, 'WARNING', `${stage} is cut off: ${script.cutOff}`);
    const file = join(layout.scripts, `${name}.${stage}`);
    await writeFile(file, script.text, { mode: 0o700 });
    await mkdir(layout.work(name), { recursive: true });
    const env = environment(name);
    const fifo = stage === 'startup' ? new Fifo(`${file}.notify`, onWord) : undefined;
    await fifo?.open();
    const running = run(
      {
        command: '/bin/sh',
        args: [file],
        cwd: layout.work(name),
        env: {
          ...env,
          PATH: `${layout.scripts}:${env['PATH'] ?? ''}`,
          ...(fifo === undefined ? {} : { NOTIFY_SOCKET: fifo.path }),
        },
      },
      log(name),
      (line, _stream, pid) =>
        `${journalTime(new Date(this.#device.time.now()))} ${hostname()} ${name}[${pid}]: ${line}`,
    );
    if (fifo === undefined) return running;
    // Words that were written before the end count before it. After it, others of its processes may still speak.
    const exited = running.exited.then((exit) => {
      fifo.drain();
      return exit;
    });
    const end = async (graceMs: number) => {
      await running.end(graceMs);
      await fifo.close();
    };
    return { pid: running.pid, exited, end };
  }
}

/** The first start has been answered, well or badly: those that come after it may start. */
function hasAnswered(unit: Unit | undefined): boolean {
  return unit === undefined || unit.active !== 'activating' || unit.reason !== undefined;
}

/** As recipe2unit writes it: TimeoutStartSec for startup, TimeoutSec, which is for both ends, for the others. */
function unitFile(stage: StageName, timeoutSec = SECONDS.stage as number): UnitFile {
  if (stage === 'startup') return { type: 'notify', startSec: timeoutSec, stopSec: SECONDS.unitStop };
  if (stage === 'run') return { type: 'exec', startSec: timeoutSec, stopSec: timeoutSec };
  const alsoGood = stage === 'bootstrap' ? [100, 101] : [];
  return { type: 'oneshot', startSec: timeoutSec, stopSec: timeoutSec, alsoGood };
}

/** Nov 22 17:05:09, as journalctl prints it. */
function journalTime(at: Date): string {
  const month = at.toLocaleString('en-US', { month: 'short' });
  const two = (value: number) => String(value).padStart(2, '0');
  return `${month} ${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
