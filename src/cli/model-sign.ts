import { readFile } from 'node:fs/promises';
import { fail, ok, type Result } from '../domain/errors.ts';
import { checkGraphs } from '../package/check-graphs.ts';
import { type ModelSigner, signPackage } from '../package/sign.ts';
import { cosignRelease, type ReleaseTerms, signRelease } from '../package/sign-release.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { type Io, printError, printJson, printTable, type Row } from './io.ts';
import { SIGN_FLAGS, type SignFlags } from './model-sign-flags.ts';
import { givenPackage } from './package-folder.ts';

/** `model sign DIR`: model.sig over its files and, with a release number, release.sig over that. */
export const modelSign: CliCommand<SignFlags> = {
  name: 'model sign',
  summary: 'Sign the files of a model package, and release it',
  args: [{ name: '<package>', description: 'folder of a package, or the name of a shipped one' }],
  flags: SIGN_FLAGS,
  async run({ args, flags }, io): Promise<ExitCode> {
    const folder = givenPackage(args[0] ?? '');
    const signed = flags.cosign ? await cosign(folder, flags) : await sign(folder, flags);
    if (!signed.ok) return printError(io, signed.error);
    tell(signed.value, io);
    return 0;
  },
};

async function sign(folder: string, flags: SignFlags): Promise<Result<Row>> {
  const terms = readTerms(flags);
  if (!terms.ok) return terms;
  const key = await readText(flags.key);
  if (!key.ok) return key;
  const chain = flags.certChain === undefined ? undefined : await readText(flags.certChain);
  if (chain !== undefined && !chain.ok) return chain;
  const signer: ModelSigner =
    chain === undefined
      ? { method: 'key', privateKeyPem: key.value }
      : { method: 'certificate', privateKeyPem: key.value, chainPem: chain.value };
  const sound = await checkGraphs(folder);
  if (!sound.ok) return sound;
  const signed = await signPackage(folder, signer, Date.now());
  if (!signed.ok) return signed;
  const files = signed.value.files.length;
  if (terms.value === undefined) return ok({ files, method: signer.method });

  const releaseKey = flags.releaseKey === undefined ? key : await readText(flags.releaseKey);
  if (!releaseKey.ok) return releaseKey;
  const released = await signRelease(folder, releaseKey.value, terms.value);
  if (!released.ok) return released;
  const { name, version, release, expires } = released.value;
  return ok({ files, method: signer.method, name, version, release, expires });
}

async function cosign(folder: string, flags: SignFlags): Promise<Result<Row>> {
  const key = await readText(flags.releaseKey ?? flags.key);
  return key.ok ? cosignRelease(folder, key.value) : key;
}

/** The terms of the release; undefined where only the model is signed. */
function readTerms(flags: SignFlags): Result<ReleaseTerms | undefined> {
  const { release, expires, groups, minimum, trustVersion } = flags;
  if (release === undefined) return ok(undefined);
  if (expires === undefined) return fail('E_USAGE', 'a release needs --expires');
  const override = readOverride(flags);
  if (!override.ok) return override;
  return ok({
    release,
    notBefore: flags.notBefore ?? new Date().toISOString(),
    expires,
    trustRootVersion: trustVersion,
    ...(groups === undefined ? {} : { groups: [...groups] }),
    ...(minimum === undefined ? {} : { minimumRelease: minimum }),
    ...(override.value === undefined ? {} : { override: override.value }),
  });
}

function readOverride(flags: SignFlags): Result<ReleaseTerms['override']> {
  const { downgradeThing: thing, downgradeFloor: floor, downgradeReason: reason } = flags;
  if (thing === undefined && floor === undefined && reason === undefined) return ok(undefined);
  if (thing !== undefined && floor !== undefined && reason !== undefined) return ok({ thing, floor, reason });
  return fail('E_USAGE', 'a downgrade needs --downgrade-thing, --downgrade-floor and --downgrade-reason');
}

async function readText(path: string | undefined): Promise<Result<string>> {
  if (path === undefined) return fail('E_USAGE', '--key is missing');
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (thrown) {
    return fail('E_FILE_MISSING', path, thrown);
  }
}

function tell(row: Row, io: Io): void {
  if (io.output === 'table') printTable(io, [row]);
  else printJson(io, { ok: true, ...row });
}
