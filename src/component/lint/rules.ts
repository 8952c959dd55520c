import type { Rule } from './rule.ts';
import { ACCESS } from './rules/access.ts';
import { ARTIFACTS } from './rules/artifacts.ts';
import { DEPENDENCIES } from './rules/dependencies.ts';
import { ENVIRONMENT } from './rules/environment.ts';
import { IDENTITY } from './rules/identity.ts';
import { LITE_MEMORY } from './rules/lite-memory.ts';
import { PLATFORM } from './rules/platform.ts';
import { READING } from './rules/reading.ts';
import { SCRIPTS } from './rules/scripts.ts';
import { SHAPE } from './rules/shape.ts';
import { STAGE_RULES } from './rules/stages.ts';
import { TIMEOUTS } from './rules/timeouts.ts';
import { VARIABLES } from './rules/variables.ts';

/** Everything that is checked; docs/reference/component-lint.md is written from it. */
export const RULES: readonly Rule[] = [
  ...READING,
  ...LITE_MEMORY,
  ...SHAPE,
  ...IDENTITY,
  ...PLATFORM,
  ...ARTIFACTS,
  ...DEPENDENCIES,
  ...STAGE_RULES,
  ...TIMEOUTS,
  ...SCRIPTS,
  ...VARIABLES,
  ...ENVIRONMENT,
  ...ACCESS,
];
