import { fail, ok, type Result } from '../domain/errors.ts';
import type { Flag } from './command.ts';
import { anyText, integer } from './flag-values.ts';

/** Counted by people: a release a minute takes four thousand years. */
export const MAX_RELEASE = 2 ** 31 - 1;

export type SignFlags = {
  key: string | undefined;
  certChain: string | undefined;
  releaseKey: string | undefined;
  release: number | undefined;
  notBefore: string | undefined;
  expires: string | undefined;
  groups: readonly string[] | undefined;
  minimum: number | undefined;
  trustVersion: number;
  cosign: boolean;
  downgradeThing: string | undefined;
  downgradeFloor: number | undefined;
  downgradeReason: string | undefined;
};

export const SIGN_FLAGS: readonly Flag<SignFlags>[] = [
  {
    key: 'key',
    name: '--key <file>',
    description: 'private key in PEM (P-256, P-384, P-521); required',
    parse: anyText,
  },
  {
    key: 'certChain',
    name: '--cert-chain <file>',
    description: 'certificates in PEM, the one of the key first: sign by certificate',
    parse: anyText,
  },
  {
    key: 'releaseKey',
    name: '--release-key <file>',
    description: 'private key for release.sig, where it is another one',
    parse: anyText,
  },
  {
    key: 'release',
    name: '--release <number>',
    description: 'write release.sig too: a number higher than every one before',
    parse: integer(1, MAX_RELEASE),
  },
  { key: 'notBefore', name: '--not-before <date>', description: 'not to be installed before', parse: date },
  { key: 'expires', name: '--expires <date>', description: 'not to be installed any more from then on', parse: date },
  { key: 'groups', name: '--groups <names>', description: 'only for devices of these groups: a,b', parse: names },
  {
    key: 'minimum',
    name: '--minimum <number>',
    description: 'devices must have had this release before, or a later one',
    parse: integer(1, MAX_RELEASE),
  },
  {
    key: 'trustVersion',
    name: '--trust-version <number>',
    description: 'version of the trust root that devices need',
    default: 1,
    parse: integer(1, MAX_RELEASE),
  },
  { key: 'cosign', name: '--cosign', description: 'only add a signature to the release.sig that is there' },
  { key: 'downgradeThing', name: '--downgrade-thing <name>', description: 'let this thing go back', parse: anyText },
  {
    key: 'downgradeFloor',
    name: '--downgrade-floor <number>',
    description: 'the release that this thing has now',
    parse: integer(1, MAX_RELEASE),
  },
  { key: 'downgradeReason', name: '--downgrade-reason <text>', description: 'why, for the audit log', parse: anyText },
];

/** Reads `a,b` as names. */
export function names(text: string): Result<readonly string[]> {
  const found = text.split(',').map((name) => name.trim());
  return found.includes('') ? fail('E_USAGE', `${text} holds an empty name`) : ok(found);
}

/** Reads a day, or a moment with its time zone, and gives it in UTC. */
function date(text: string): Result<string> {
  const ms = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms)
    ? fail('E_USAGE', `${text} is not a date like 2027-01-31 or 2027-01-31T12:00:00Z`)
    : ok(new Date(ms).toISOString());
}
