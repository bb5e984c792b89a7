// Names of Kubernetes objects as they are compared: without regard to case, as the vendor's own client compares them.

import type { Texts } from './strings.js';

/** Equal for names that differ in case alone. */
export function foldCase(name: string): string {
  return name.toLowerCase();
}

/** The codes of each name of a column. Names that differ in case alone are one name with several codes. */
export function indexNames(values: Texts): ReadonlyMap<string, readonly number[]> {
  const codes = new Map<string, number[]>();
  values.all().forEach((name, code) => {
    if (name === '') return;
    const folded = foldCase(name);
    const known = codes.get(folded);
    if (known === undefined) codes.set(folded, [code]);
    else known.push(code);
  });
  return codes;
}
