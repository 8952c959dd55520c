import type { z } from 'zod';

/** More problems than this are only counted: a file of garbage shall not fill the log. */
const MAX_LISTED = 20;

/** Writes every problem as `path: problem`, in the order of the document. */
export function problems(error: z.ZodError): string {
  const lines = error.issues.map((issue) => `${place(issue.path)}: ${issue.message}`);
  const more = lines.length - MAX_LISTED;
  return [...lines.slice(0, MAX_LISTED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function place(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return text === '' ? '(document)' : text.replace(/^\./, '');
}
