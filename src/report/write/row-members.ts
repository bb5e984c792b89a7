// The members of a row's JSON object.

import type { LabelField, NameField, NumberField } from '../columns/columns.js';
import type { LabelDimension } from '../query/dimension.js';

/** The fields of a row that its report determines. */
export type OriginField = 'asOf' | 'isStale' | 'startTime' | 'endTime' | 'hours' | 'state';

/** A member of a label: its key, its value, or a constant in JSON. */
export type LabelMember = { readonly name: string } & (
  { readonly kind: 'key' | 'value' } | { readonly kind: 'constant'; readonly json: string }
);

/** A member of a row's JSON object, called `name` there. */
export type RowMember = { readonly name: string } & (
  | { readonly kind: 'field'; readonly field: 'id' | 'scaleOpsId' | 'share' | 'services' | NameField | NumberField }
  | { readonly kind: 'labels'; readonly field: LabelField; readonly members: readonly LabelMember[] }
  /** The value of a label or an annotation. */
  | { readonly kind: 'label'; readonly dimension: LabelDimension }
  /** A field of the rows' report, the same for each of them. */
  | { readonly kind: 'origin'; readonly field: OriginField }
  /** The id of the entity that these names are the key of. */
  | { readonly kind: 'entityId'; readonly type: string; readonly key: readonly NameField[] }
  /** An object that is null when the row lacks one of these names. */
  | { readonly kind: 'object'; readonly requires: readonly NameField[]; readonly members: readonly RowMember[] }
  | { readonly kind: 'cursor' }
  | { readonly kind: 'constant'; readonly json: string }
);
