// Parts of a whole.

/** `part / whole`; null when the whole is 0, or so near to 0 (credits) that the quotient is not finite. */
export function shareOf(part: number, whole: number): number | null {
  const share = part / whole;
  return whole === 0 || !Number.isFinite(share) ? null : share;
}
