// `Vary`: what an answer would be another one for (RFC 9110, section 12.5.5).

/**
 * Adds to it. Not by `append`, which makes Yoga's headers build a map of all of them: they are then sent one by one, which
 * takes longer than most of what an answer goes through here.
 */
export function addVary(headers: Headers, names: string): void {
  const given = headers.get('vary');
  headers.set('vary', given === null ? names : `${given}, ${names}`);
}
