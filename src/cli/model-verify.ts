import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { fail, ok } from '../domain/errors.ts';
import { checkGraphs } from '../package/check-graphs.ts';
import { loadTrust } from '../package/trust.ts';
import { FolderVerifier } from '../package/verify.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { anyText, integer } from './flag-values.ts';
import { printError, printJson, printTable } from './io.ts';
import { MAX_RELEASE, names } from './model-sign-flags.ts';
import { givenPackage } from './package-folder.ts';

export type VerifyFlags = {
  trust: string | undefined;
  floor: number;
  groups: readonly string[];
  thing: string;
  installed: boolean;
};

/** `model verify PACKAGE --trust FILE`: what a device would say of it. */
export const modelVerify: CliCommand<VerifyFlags> = {
  name: 'model verify',
  summary: 'Prove that a model package is genuine, complete, and meant for a device',
  args: [{ name: '<package>', description: 'folder or zip of a package, or the name of a shipped one' }],
  flags: [
    { key: 'trust', name: '--trust <file>', description: 'trust root of the device; required', parse: anyText },
    {
      key: 'floor',
      name: '--floor <number>',
      description: 'highest release that the device has had',
      default: 0,
      parse: integer(0, MAX_RELEASE),
    },
    {
      key: 'groups',
      name: '--groups <names>',
      description: 'groups of the device: a,b',
      default: [],
      defaultText: 'none',
      parse: names,
    },
    {
      key: 'thing',
      name: '--thing <name>',
      description: 'name of the device',
      default: hostname(),
      defaultText: "this host's name",
      parse: anyText,
    },
    { key: 'installed', name: '--installed', description: 'let in before: neither the floor nor dates matter' },
  ],
  async run({ args, flags }, io): Promise<ExitCode> {
    const { trust, floor, groups, thing, installed } = flags;
    if (trust === undefined) return printError(io, fail('E_USAGE', '--trust is missing').error);
    const verifier = new FolderVerifier({ trust: () => loadTrust(trust) });
    const context = { nowMs: Date.now(), releaseFloor: floor, groups, thing, newInstall: installed !== true };
    const path = args[0] ?? '';
    const zipped = path.endsWith('.zip');
    const source = zipped ? resolve(path) : givenPackage(path);
    const verified = await verifier.verify(source, context);
    if (!verified.ok) return printError(io, verified.error);
    const sound = zipped ? ok(undefined) : await checkGraphs(source);
    if (!sound.ok) return printError(io, sound.error);
    const { ref, files, signers, bytes, downgrade } = verified.value;
    if (io.output === 'table') {
      printTable(io, [{ ...ref, files: files.size, bytes, signers: signers.join('; '), downgrade }]);
    } else {
      const digests = Object.fromEntries(files);
      printJson(io, { ok: true, ...ref, files: digests, bytes, signers, ...(downgrade ? { downgrade } : {}) });
    }
    return 0;
  },
};
