import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fail } from '../domain/errors.ts';
import { replaceFile } from '../package/sign.ts';
import { loadTrust, parseTrust, type TrustDocument } from '../package/trust.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { anyText, integer } from './flag-values.ts';
import { printError, printJson, printTable } from './io.ts';
import { names } from './model-sign-flags.ts';

const MAX_THRESHOLD = 16;

export type TrustInitFlags = {
  keys: readonly string[] | undefined;
  authorities: readonly string[];
  threshold: number;
  after: string | undefined;
};

/** `trust init FILE`: whom devices shall believe. The first root is put on the device as it is; later ones rotate in. */
export const trustInit: CliCommand<TrustInitFlags> = {
  name: 'trust init',
  summary: 'Write a trust root: the keys and authorities that devices believe',
  args: [{ name: '<file>', description: 'trust root to write' }],
  flags: [
    { key: 'keys', name: '--keys <files>', description: 'public keys in PEM: a.pem,b.pem; required', parse: names },
    {
      key: 'authorities',
      name: '--authorities <files>',
      description: 'CA certificates in PEM: whom they certify may sign models, not releases',
      default: [],
      defaultText: 'none',
      parse: names,
    },
    {
      key: 'threshold',
      name: '--threshold <number>',
      description: 'how many keys must sign a release',
      default: 1,
      parse: integer(1, MAX_THRESHOLD),
    },
    {
      key: 'after',
      name: '--after <file>',
      description: 'the trust root that this one follows: its version plus one',
      parse: anyText,
    },
  ],
  async run({ args, flags }, io): Promise<ExitCode> {
    const { keys, authorities, threshold, after } = flags;
    if (keys === undefined) return printError(io, fail('E_USAGE', '--keys is missing').error);
    const old = after === undefined ? undefined : await loadTrust(resolve(after));
    if (old !== undefined && !old.ok) return printError(io, old.error);
    let document: TrustDocument;
    try {
      document = {
        schemaVersion: 1,
        version: (old?.value.version ?? 0) + 1,
        threshold,
        keys: await Promise.all(keys.map(async (path) => ({ id: idOf(path), pem: await readFile(path, 'utf8') }))),
        authorities: await Promise.all(authorities.map((path) => readFile(path, 'utf8'))),
      };
    } catch (thrown) {
      const path = thrown instanceof Error && 'path' in thrown ? String(thrown.path) : String(thrown);
      return printError(io, fail('E_FILE_MISSING', path, thrown).error);
    }
    const root = parseTrust(document);
    if (!root.ok) return printError(io, root.error);
    await replaceFile(resolve(args[0] ?? ''), `${JSON.stringify(root.value.document, undefined, 2)}\n`);
    const row = { version: document.version, threshold, keys: keys.length, authorities: root.value.authorities.length };
    if (io.output === 'table') printTable(io, [row]);
    else printJson(io, { ok: true, ...row });
    return 0;
  },
};

/** `keys/alice.pub.pem` is alice. */
function idOf(path: string): string {
  return basename(path).replace(/(\.pub)?\.pem$/, '');
}
