// The order of strings by Unicode code point, the same on every machine and in every locale.

/**
 * Negative when `a` comes first, positive when `b` does, 0 for equal strings. UTF-16 code units would put the characters
 * outside the basic plane, which are pairs of surrogates (U+D800 to U+DFFF), before those from U+E000 to U+FFFF.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    if (a.charCodeAt(at) === b.charCodeAt(at)) continue;
    // A difference in the second half of a pair is a difference of the whole pair.
    const difference = isHighSurrogate(a.charCodeAt(at - 1)) ? compareAt(a, b, at - 1) : 0;
    return difference === 0 ? compareAt(a, b, at) : difference;
  }
  return a.length - b.length;
}

function compareAt(a: string, b: string, at: number): number {
  return a.codePointAt(at)! - b.codePointAt(at)!;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
