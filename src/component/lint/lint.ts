import type { Recipe } from '../recipe.ts';
import type { Rule } from './rule.ts';
import { yamlSyntax } from './rules/reading.ts';
import { RULES } from './rules.ts';

export type Finding = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  readonly nuclei: Rule['nuclei'];
  readonly severity: Rule['severity'];
  readonly problem: string;
  readonly explanation: string;
  readonly mend: string;
};

/** Holds recipes against every rule: each alone, and versions of one component against each other. */
export function lint(recipes: readonly Recipe[]): Finding[] {
  return recipes.flatMap((recipe) => {
    const others = recipes.filter((other) => other !== recipe);
    // What could not be read has no manifest either; one finding says it.
    const rules = recipe.syntax.length > 0 ? [yamlSyntax] : RULES;
    const findings = rules.flatMap((rule) => apply(rule, recipe, others));
    return findings.sort((a, b) => a.line - b.line || a.column - b.column);
  });
}

function apply(rule: Rule, recipe: Recipe, others: readonly Recipe[]): Finding[] {
  const { id, nuclei, severity, explanation, mend } = rule;
  return rule.check(recipe, others).map((spot) => {
    const { line, column } = recipe.locate(spot);
    return { file: recipe.file, line, column, rule: id, nuclei, severity, problem: spot.problem, explanation, mend };
  });
}
