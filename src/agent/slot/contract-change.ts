import type { Manifest } from '../../domain/manifest.ts';

/** What must stay the same for windows, decisions and comparison to carry over: the first change; undefined when there is none. */
export function contractChange(now: Manifest, next: Manifest): string | undefined {
  if (now.name !== next.name) return `the slot holds ${now.name}, the package is ${next.name}`;
  const promised = promises(next);
  for (const [index, [what, value]] of promises(now).entries()) {
    const other = promised[index]?.[1];
    // What only one of them says is no contradiction.
    if (value !== undefined && other !== undefined && other !== value)
      return `${what} would change from ${value} to ${other}`;
  }
  return undefined;
}

function promises({ task, input, output }: Manifest): readonly (readonly [what: string, value: string | undefined])[] {
  return [
    ['the task', task],
    ['the window', `${input.window} samples`],
    ['the hop', `${input.hop} samples`],
    ['the channels', JSON.stringify(input.channels)],
    ['the sample rate', input.sampleRateHz === undefined ? undefined : `${input.sampleRateHz} Hz`],
    ['the units of the input', input.units],
    ['the labels', JSON.stringify(output.labels)],
    ['the units of the output', output.units],
  ];
}
