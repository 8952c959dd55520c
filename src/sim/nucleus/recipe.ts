import type { JsonObject } from './json.ts';
import type { NucleusMode } from './services.ts';

export const STAGES = ['bootstrap', 'install', 'startup', 'run', 'shutdown', 'recover', 'uninstall'] as const;
export type StageName = (typeof STAGES)[number];

/** One stage as the recipe has it; variables are not resolved yet. */
export type Stage = {
  readonly script: string;
  readonly timeoutSec: number | undefined;
  readonly setenv: Readonly<Record<string, string>>;
  readonly skipIf: string | undefined;
};

export type Lifecycle = {
  readonly setenv: Readonly<Record<string, string>>;
  readonly stages: Readonly<Partial<Record<StageName, Stage>>>;
};

export type Artifact = {
  readonly uri: string;
  readonly unarchive: 'NONE' | 'ZIP';
  /** Base64, of what the cloud stored; recipes of local deployments have none. */
  readonly digest: string | undefined;
  readonly algorithm: string | undefined;
  /** Rights of its files. */
  readonly mode: number;
};

export type Dependency = { readonly requirement: string; readonly type: 'HARD' | 'SOFT' };

/** What one nucleus on one machine takes from a recipe. */
export type Recipe = {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, Dependency>>;
  readonly defaults: JsonObject;
  readonly lifecycle: Lifecycle;
  readonly artifacts: readonly Artifact[];
  /** What the nucleus passes over in silence, or in a line of its log. */
  readonly warnings: readonly string[];
};

export type Machine = { readonly mode: NucleusMode; readonly architecture: 'amd64' | 'aarch64' };
export type RecipeFormat = 'yaml' | 'json';
