import { Enums, Models, Serialize, SPDX, Spec } from '@cyclonedx/cyclonedx-library';
import type { LockedPackage } from './lock-file.ts';

/** A file of the archive that is no JavaScript of ours: what a scanner cannot see into. */
export type NativeFile = { readonly name: string; readonly sha256: string; readonly of: LockedPackage };

export type SbomContents = {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly packages: readonly LockedPackage[];
  readonly natives: readonly NativeFile[];
  /** Left out where nobody says what time it is: two builds are the same byte for byte. */
  readonly timestamp: Date | undefined;
};

const INDENT = 2;
const MS_PER_SECOND = 1000;

/** The CycloneDX bill of materials of one archive, as JSON; the same text for the same contents. */
export function sbomOf({ name, version, license, packages, natives, timestamp }: SbomContents): string {
  const bom = new Models.Bom();
  const product = new Models.Component(Enums.ComponentType.Application, name, { version, bomRef: name });
  product.licenses.add(licenseOf(license));
  bom.metadata.component = product;
  if (timestamp !== undefined) bom.metadata.timestamp = timestamp;
  for (const locked of packages) {
    const component = componentOf(locked);
    for (const native of natives.filter(({ of }) => of === locked)) component.components.add(fileOf(native));
    product.dependencies.add(component.bomRef);
    bom.components.add(component);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: INDENT })}\n`;
}

/** SOURCE_DATE_EPOCH (reproducible-builds.org): the time that a build shall say it was made at, in seconds. */
export function sourceDate(text: string | undefined): Date | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? new Date(Number(text) * MS_PER_SECOND) : undefined;
}

function componentOf({ name, version, license, integrity }: LockedPackage): Models.Component {
  const [group, plain] = name.includes('/') ? name.split('/', 2) : [undefined, name];
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const component = new Models.Component(Enums.ComponentType.Library, plain ?? name, { version, purl, bomRef: purl });
  if (group !== undefined) component.group = group;
  component.licenses.add(licenseOf(license));
  const sha512 = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  if (sha512 !== undefined) {
    component.hashes.set(Enums.HashAlgorithm['SHA-512'], Buffer.from(sha512, 'base64').toString('hex'));
  }
  return component;
}

function fileOf({ name, sha256 }: NativeFile): Models.Component {
  const file = new Models.Component(Enums.ComponentType.File, name, { bomRef: `file:${name}` });
  file.hashes.set(Enums.HashAlgorithm['SHA-256'], sha256);
  return file;
}

function licenseOf(license: string): Models.License {
  if (SPDX.isSupportedSpdxId(license)) return new Models.SpdxLicense(license);
  return /[ ()]/.test(license) ? new Models.LicenseExpression(license) : new Models.NamedLicense(license);
}
