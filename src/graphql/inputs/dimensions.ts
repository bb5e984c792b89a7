// Dimensions: breakdowns group rows by them, and `where.dimensions` compares them.

import { UserInputError } from '../../errors.js';
import type { Dimension } from '../../report/query/dimension.js';
import type { DimensionMatch } from '../../report/query/filter-rows.js';
import { builder } from '../builder.js';
import { assertCount, assertLabelKey, assertList, assertNotEmpty } from './validate.js';

const MAX_DIMENSIONS = 5;
const MAX_ALTERNATIVES = 10;
const MAX_MATCHES = 10;

export const BY_DESCRIPTION = `The dimensions, 1 to ${MAX_DIMENSIONS}, each once: one group per combination of values.`;

const DIMENSIONS = {
  CLUSTER: { field: 'clusterName', description: 'The cluster: `clusterName`.' },
  NAMESPACE: {
    field: 'namespace',
    description: 'The `namespace`. Namespaces of the same name in several clusters are one value.',
  },
  WORKLOAD_TYPE: { field: 'workloadType', description: 'The kind of workload: `workloadType`.' },
  WORKLOAD_NAME: { field: 'workloadName', description: 'The name of the workload: `workloadName`.' },
} as const;

const CostDimension = builder.enumType('CostDimension', {
  description: 'A field of rows to group or filter by.',
  values: DIMENSIONS,
});

export const CostDimensionInput = builder.inputType('CostDimensionInput', {
  description:
    'One dimension. Set exactly one field, such as `{field: NAMESPACE}` or `{label: "team"}`. ' +
    'A missing or empty value is null.',
  isOneOf: true,
  fields: (t) => ({
    field: t.field({ type: CostDimension, description: 'A field of the row, such as `NAMESPACE`.' }),
    label: t.string({
      description: 'The value of this Kubernetes label, such as `team`, from `ownerLabels` or else `labels`.',
    }),
    annotation: t.string({
      description: 'The value of this Kubernetes annotation, such as `example.com/cost-center`.',
    }),
    anyLabel: t.stringList({
      description:
        'The value of the first of these Kubernetes labels that the row has, ' +
        `such as \`["team", "owner"]\`. 1 to ${MAX_ALTERNATIVES} keys.`,
    }),
  }),
});

export const CostDimensionMatch = builder.inputType('CostDimensionMatch', {
  description:
    'Rows with one of these values in a dimension, such as those of a group: `{by: {label: "team"}, values: ["payments"]}`.',
  fields: (t) => ({
    by: t.field({ type: CostDimensionInput, required: true, description: 'The dimension.' }),
    values: t.field({
      type: ['String'],
      required: { list: true, items: false },
      description: 'Exact values, 1 to 1,000, as in `CostGroupKey.value`. Null matches rows without a value.',
    }),
    exclude: t.boolean({ defaultValue: false, description: 'True selects the other rows.' }),
  }),
});

type DimensionInput = (typeof CostDimensionInput)['$inferInput'];

/** A dimension, with its name in `CostGroupKey.dimension`. */
interface NamedDimension {
  readonly name: string;
  readonly dimension: Dimension;
}

/** @throws UserInputError for an empty list, too many dimensions, a repeated one, or an invalid label key. */
export function toDimensions(by: readonly DimensionInput[]): NamedDimension[] {
  assertNotEmpty('by', by, 'must name a dimension, such as [{field: NAMESPACE}].');
  assertCount('by', by, MAX_DIMENSIONS);
  const named = by.map((input, index) => toDimension(`by[${index}]`, input));
  // One alternative is that label.
  const keys = named.map(({ name }) => name.replace(/^anyLabel:(?=[^,]*$)/, 'label:'));
  const repeated = keys.findIndex((key, index) => keys.indexOf(key) < index);
  if (repeated >= 0) throw new UserInputError(`by[${repeated}]`, 'must not repeat a dimension.');
  return named;
}

function toDimension(path: string, { field, label, annotation, anyLabel }: DimensionInput): NamedDimension {
  if (field != null) return { name: field, dimension: { field: DIMENSIONS[field].field } };
  if (label != null) {
    assertLabelKey(`${path}.label`, label);
    return { name: `label:${label}`, dimension: { label } };
  }
  if (annotation != null) {
    assertLabelKey(`${path}.annotation`, annotation);
    return { name: `annotation:${annotation}`, dimension: { annotation } };
  }
  assertNotEmpty(`${path}.anyLabel`, anyLabel, 'must name at least one label key, such as ["team", "owner"].');
  assertList(`${path}.anyLabel`, anyLabel, assertLabelKey, MAX_ALTERNATIVES);
  return { name: `anyLabel:${anyLabel.join()}`, dimension: { anyLabel } };
}

/** @throws UserInputError that names the input below `where.dimensions` and the rule it breaks. */
export function toMatches(inputs: readonly (typeof CostDimensionMatch)['$inferInput'][]): DimensionMatch[] {
  assertList('where.dimensions', inputs, () => undefined, MAX_MATCHES);
  return inputs.map(({ by, values, exclude }, index) => {
    const path = `where.dimensions[${index}]`;
    assertNotEmpty(
      `${path}.values`,
      values,
      'must have at least one value; null matches rows without one. ' +
        'To not filter by the dimension, omit its entry of where.dimensions.',
    );
    // Values may have any length that the limit of request bodies allows: annotations have up to 256 KiB.
    assertList(`${path}.values`, values, () => undefined);
    const { dimension } = toDimension(`${path}.by`, by);
    return { by: dimension, values: values.map((value) => value ?? null), exclude: exclude === true };
  });
}
