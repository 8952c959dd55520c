import { ROLLOUT_STATES, type RolloutState } from '../domain/rollout.ts';
import { EFFECTS } from './events.ts';
import { CANNOT_HAPPEN, TRANSITIONS, type Transition } from './transitions.ts';

type Move = Exclude<Transition, { refuse: unknown }>;

/** Renders docs/guide/rollouts.md from the table: a diagram of the moves, then every row. */
export function renderRollouts(): string {
  return [
    '# Rollouts',
    '<!-- Written by `npm run docs` from src/rollout/transitions.ts: change it there. -->',
    `A new model gets into a slot by this table and by nothing else. The next state is on disk before anything is done
about it, and everything that is done may be done twice. So power may fail at any instant: the start that follows finds the
state, the event \`booted\`, and the row that goes on from there. Exactly one complete, verified model is active all the while.`,
    `Before the swap the newest request wins at once, and the one under way ends as superseded. From the swap on one request
waits, the newest. Cancelling works until the commit; after the swap it means going back.`,
    `A probation lasts as long as the manifest says, and until enough windows have been seen. Where windows are rarer than it
hoped, three times its duration are enough, whatever was seen by then: where no window came at all, nothing bad is known. The
evidence of the outcome tells how many windows each gate rests on.`,
    `\`\`\`mermaid\n${diagram()}\n\`\`\``,
    '## Every row',
    'The first row that fits wins. Effects run in their order once the record is saved.',
    table(
      ['in', 'on', 'if', 'record', 'to', 'then', 'because'],
      TRANSITIONS.map((row) => [
        row.from.join(', '),
        row.on,
        row.when ?? '',
        'refuse' in row ? '' : row.record.join(', '),
        'refuse' in row ? `refused: ${row.refuse}` : row.to,
        'refuse' in row ? '' : row.effects.join(', '),
        row.because,
      ]),
    ),
    '## Effects',
    table(['effect', 'what is done'], Object.entries(EFFECTS)),
    '## What cannot happen',
    table(['event', 'elsewhere'], Object.entries(CANNOT_HAPPEN)),
    '',
  ].join('\n\n');
}

/** Wishes and starts are left out where they change nothing: the rows below have them. */
function diagram(): string {
  const moves = TRANSITIONS.filter(isMove).flatMap((row) =>
    row.from.filter((from) => row.to !== 'same' && row.to !== from).map((from) => ({ ...row, from })),
  );
  const labels = new Map<string, Set<string>>();
  for (const { from, to, on, when } of moves) {
    const arrow = `${from} --> ${to}`;
    const events = labels.get(arrow) ?? new Set();
    labels.set(arrow, events.add(when === undefined ? on : `${on} [${when}]`));
  }
  const arrows = [...labels].sort(([a], [b]) => order(a) - order(b));
  return [
    'stateDiagram-v2',
    '  [*] --> idle',
    ...arrows.map(([arrow, on]) => `  ${arrow} : ${[...on].join(', ')}`),
  ].join('\n');
}

function isMove(row: Transition): row is Move {
  return !('refuse' in row);
}

function order(arrow: string): number {
  return ROLLOUT_STATES.indexOf(arrow.split(' ')[0] as RolloutState);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
