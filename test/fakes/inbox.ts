import type { InboxEnding, InboxPackage, PackageInbox } from '../../src/ports/package-inbox.ts';

/** An inbox in memory. */
export class FakeInbox implements PackageInbox {
  packages: InboxPackage[] = [];
  readonly settled: string[] = [];
  /** The folder can be read, and not be written. */
  readOnly = false;

  async start(): Promise<void> {}

  async look(): Promise<readonly InboxPackage[]> {
    return [...this.packages];
  }

  async settle({ name, stamp }: InboxPackage, ending: InboxEnding): Promise<void> {
    this.settled.push(`${name}.${ending}`);
    if (!this.readOnly) this.packages = this.packages.filter((one) => one.name !== name || one.stamp !== stamp);
  }

  put(name: string, stamp = '1'): string {
    this.packages = this.packages.filter((one) => one.name !== name);
    this.packages.push({ name, path: `/inbox/press/${name}`, stamp });
    return `inbox:${name}:${stamp}`;
  }
}
