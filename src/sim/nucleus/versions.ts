import { compareVersions } from '../../domain/version.ts';
import { Refused } from './refused.ts';
import type { NucleusMode } from './services.ts';

const NUMBER = '(?:0|[1-9]\\d*)';
const VERSION = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/** Semantic Versioning 2.0.0, which both nuclei ask of a component's version. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/** Whether a version is in the range of a VersionRequirement; throws Refused for what the nucleus cannot read. */
export function satisfies(mode: NucleusMode, version: string, requirement: string): boolean {
  const parts = requirement.trim();
  if (mode === 'lite') return parts.split(' ').every((part) => inLiteRange(version, part));
  return parts.split('||').some((range) => inNpmRange(version, range.trim()));
}

/** Lite compares by glibc's strverscmp, knows five operators, and finds no version in what it does not know (ggl-semver). */
function inLiteRange(version: string, part: string): boolean {
  const match = /^(>=|<=|>|<|=)?(\d.*)$/.exec(part);
  return match !== null && holds(version, match[1] ?? '=', match[2] ?? '');
}

/** Classic reads ranges as npm does (semver4j). */
function inNpmRange(version: string, range: string): boolean {
  if (range === '' || range === '*') return true;
  const hyphen = /^(\S+)\s+-\s+(\S+)$/.exec(range);
  if (hyphen !== null) return inNpmRange(version, `>=${hyphen[1]}`) && inNpmRange(version, `<=${hyphen[2]}`);
  return range
    .replace(/(>=|<=|>|<|=|\^|~)\s+/g, '$1')
    .split(/\s+/)
    .every((part) => holdsNpm(version, part));
}

function holdsNpm(version: string, part: string): boolean {
  const match = /^(>=|<=|>|<|=|\^|~)?v?(\d+)(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(-[0-9A-Za-z.-]+)?$/.exec(part);
  if (match === null) throw new Refused(`the simulator cannot read the version requirement ${part}`);
  const [, operator = '', major = '0', minor, patch, pre = ''] = match;
  const isOpen = (digits: string | undefined) => digits === undefined || !/^\d+$/.test(digits);
  const low = `${major}.${isOpen(minor) ? 0 : minor}.${isOpen(patch) ? 0 : patch}${pre}`;
  if (operator === '^') return holds(version, '>=', low) && holds(version, '<', `${caretEnd(low)}-0`);
  const end = isOpen(minor) ? `${Number(major) + 1}.0.0` : `${major}.${Number(minor) + 1}.0`;
  if (operator === '~') return holds(version, '>=', low) && holds(version, '<', `${end}-0`);
  if ((operator === '' || operator === '=') && (isOpen(minor) || isOpen(patch))) {
    return holds(version, '>=', low) && holds(version, '<', `${end}-0`);
  }
  return holds(version, operator, low);
}

/** ^ keeps the first number that is not zero. */
function caretEnd(low: string): string {
  const [major = 0, minor = 0, patch = 0] = (low.split('-')[0] ?? '').split('.').map(Number);
  if (major > 0) return `${major + 1}.0.0`;
  return minor > 0 ? `0.${minor + 1}.0` : `0.0.${patch + 1}`;
}

function holds(version: string, operator: string, bound: string): boolean {
  const order = compareVersions(version, bound);
  switch (operator) {
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    default:
      return order === 0;
  }
}
