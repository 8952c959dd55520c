/**
 * Signs every package under artifacts/ and writes the trust root that believes them, artifacts/trust.json. Run it last,
 * after any change there: cards and golden cases are signed as well. The key is made here, used once and thrown away.
 * Every release of this repository has its own, so there is none to keep, or to steal.
 */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { OneTimePublisher } from './signing/one-time-publisher.ts';

const ARTIFACTS = resolve(import.meta.dirname, '../artifacts');
/** The first of each: what comes with the agent is older than anything that is rolled out. */
const RELEASE = 1;

const publisher = new OneTimePublisher(`openclaw-edge-${packageJson.version}`);
const entries = await readdir(ARTIFACTS, { withFileTypes: true });
for (const { name } of entries.filter((entry) => entry.isDirectory())) {
  await publisher.sign(join(ARTIFACTS, name), RELEASE);
  console.log(`${name} is signed`);
}
await publisher.writeTrust(join(ARTIFACTS, 'trust.json'));
