// Operation names as metrics and traces may show them. A client calls its operation what it likes, so that each name would
// be a series of its own, and could say anything: only names that an operator has listed are shown.

/** The name as it may be shown; null stands for an operation without one. */
export type NameOf = (name: string | null) => string;

export const OTHER = 'other';
export const ANONYMOUS = 'anonymous';

export function createOperationNames(listed: Iterable<string>): NameOf {
  const known = new Set(listed);
  return (name) => (name === null ? ANONYMOUS : known.has(name) ? name : OTHER);
}
