import type { SentBySensor } from '../../src/sim/publisher.ts';
import type { Observer } from './observer.ts';
import type { Story } from './story.ts';

const REDRAW_MS = 250;
const PLAIN_LINE_MS = 2_000;
const BAR = 20;

type LiveTableNeeds = {
  readonly observer: Observer;
  readonly story: Story;
  readonly sensors: () => readonly SentBySensor[];
};

/** Draws what happens: a table that is redrawn on a terminal, a line now and then where there is none. */
export class LiveTable {
  readonly #needs: LiveTableNeeds;
  readonly #startedMs = Date.now();
  readonly #terminal = process.stderr.isTTY === true;
  #timer: NodeJS.Timeout | undefined;
  #lines = 0;

  constructor(needs: LiveTableNeeds) {
    this.#needs = needs;
  }

  start(): void {
    this.#timer = setInterval(() => this.#draw(), this.#terminal ? REDRAW_MS : PLAIN_LINE_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#terminal) this.#draw();
  }

  #draw(): void {
    const seconds = ((Date.now() - this.#startedMs) / 1000).toFixed(0).padStart(3);
    const { observer, story } = this.#needs;
    const sensors = this.#needs.sensors();
    if (!this.#terminal) {
      const alarms = sensors.filter(({ key }) => observer.of(key).alarm).map(({ key }) => key);
      process.stderr.write(
        `${seconds} s  ${observer.results} results  in alarm: ${alarms.join(', ') || 'none'}  ${story.line}\n`,
      );
      return;
    }
    const rows = sensors.map(({ key, samples }) => {
      const { label, score, alarm, results } = observer.of(key);
      const bar = '#'.repeat(Math.round(score * BAR)).padEnd(BAR, '.');
      return `${row(key, String(samples), String(results.size), label, bar)}  ${alarm ? paint('ALARM') : ''}`;
    });
    const head = row(`sensor, after ${seconds.trim()} s`, 'samples', 'results', 'decision', 'score');
    const up = this.#lines === 0 ? '' : `\u001b[${this.#lines}A`;
    const lines = [head, ...rows, `      ${story.line}`];
    this.#lines = lines.length;
    process.stderr.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}`);
  }
}

function row(sensor: string, samples: string, results: string, decision: string, score: string): string {
  return [sensor.padEnd(22), samples.padStart(8), results.padStart(7), decision.padEnd(10), score].join('  ');
}

function paint(text: string): string {
  return process.env['NO_COLOR'] === undefined ? `\u001b[31m${text}\u001b[39m` : text;
}
