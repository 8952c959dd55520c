import type { Recipe, Spot } from '../recipe.ts';

/**
 * One thing that goes wrong on a device, on one nucleus or on both. Rules see a recipe with its keys in their right
 * case, so that one slip is told once. `others` are the other recipes that were given with it.
 */
export type Rule = {
  readonly id: string;
  readonly nuclei: 'classic' | 'lite' | 'both';
  /** `warning`: it works, and somebody will be sorry. */
  readonly severity: 'error' | 'warning';
  /** What happens, and why. */
  readonly explanation: string;
  /** What to write instead. */
  readonly mend: string;
  readonly check: (recipe: Recipe, others: readonly Recipe[]) => readonly Spot[];
};
