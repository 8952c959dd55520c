/** One window with its truth: the index of a label, or the value of a regression. */
export type Sample = { readonly input: Float32Array; readonly truth: number };

/** The mean over the labels of each one's F1 score: a rare label counts as much as a frequent one. */
export function macroF1(answers: readonly number[], truth: readonly number[], labels: number): number {
  let sum = 0;
  for (let label = 0; label < labels; label++) {
    const hits = answers.filter((answer, i) => answer === label && truth[i] === label).length;
    const said = answers.filter((answer) => answer === label).length;
    const due = truth.filter((answer) => answer === label).length;
    sum += said + due === 0 ? 0 : (2 * hits) / (said + due);
  }
  return sum / labels;
}

/** Root of the mean squared error. */
export function rmse(answers: readonly number[], truth: readonly number[]): number {
  const squares = answers.map((answer, i) => (answer - (truth[i] ?? Number.NaN)) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** The index of the highest score. */
export function top(scores: Float32Array): number {
  return scores.indexOf(Math.max(...scores));
}
