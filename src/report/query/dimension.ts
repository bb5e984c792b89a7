// What rows are grouped by, and what a filter compares: a field of the row, or the value of a label or an annotation.

import type { NameField } from '../columns/columns.js';

/**
 * The value of a label or an annotation. `label`: the value of this key in ownerLabels, else in labels. `anyLabel`: the value
 * of the first of these keys that the row has. `annotation`: the value of this key in annotations. Empty values do not count.
 */
export type LabelDimension =
  { readonly label: string } | { readonly anyLabel: readonly string[] } | { readonly annotation: string };

export type Dimension = { readonly field: NameField } | LabelDimension;

/** How often the dimension reads the labels of the rows. */
export function countLabelReads(dimension: Dimension): number {
  if ('anyLabel' in dimension) return dimension.anyLabel.length;
  return 'field' in dimension ? 0 : 1;
}
