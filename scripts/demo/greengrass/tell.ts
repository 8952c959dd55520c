import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';
import type { DemoFlags } from '../flags.ts';
import type { Judgement } from './judge.ts';

const NUCLEI: Readonly<Record<NucleusMode, string>> = {
  classic: 'Greengrass nucleus (classic), which undoes a deployment that failed',
  lite: 'Greengrass nucleus lite, which undoes nothing: the agent went back by itself',
};

/** Tells how it went; the exit code says whether all was as it should be. */
export function tell(judgement: Judgement, flags: DemoFlags): number {
  if (flags.output === 'json') console.log(JSON.stringify(judgement));
  else console.log(sentences(judgement));
  return judgement.ok ? 0 : 1;
}

function sentences(judgement: Judgement): string {
  const { ok, nucleus, deployments, active, bad, lost, alarms, readings, windows, results, p50Ms, p99Ms, rssMb } =
    judgement;
  const lines = deployments.map(({ components, status, reason, seconds }) => {
    const named = Object.entries(components).map(([name, version]) => `${name} ${version}`);
    return `- ${named.join(', ')}: ${status} after ${seconds} s${reason === '' ? '' : `: ${reason}`}`;
  });
  return `
${NUCLEI[nucleus]}:
${lines.join('\n')}
Model ${active} answers now. ${bad?.version} is remembered as bad, and refused from now on:
${bad?.reason}

${readings} readings made ${windows} windows; ${results} were answered, ${lost} lost.
Alarms: ${alarms.join(', ') || 'none'}.
From a reading to its decision: half within ${p50Ms} ms, 99 % within ${p99Ms} ms. Agent and model runner: ${rssMb} MB.

${ok ? 'All of it is as it should be.' : 'This is not as it should be.'}`;
}
