// Operation names as metrics and traces show them. Clients choose names freely, and each would be a series of its own:
// only names that the operator has listed are shown.

/** Maps a client's operation name (null: anonymous) to one of a closed list. */
export type NameOf = (name: string | null) => string;

export const OTHER = 'other';
export const ANONYMOUS = 'anonymous';

export function createOperationNames(listed: Iterable<string>): NameOf {
  const known = new Set(listed);
  return (name) => (name === null ? ANONYMOUS : known.has(name) ? name : OTHER);
}
