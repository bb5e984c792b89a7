// The inputs of filters by name and by label.

import { builder } from '../builder.js';

const CostLogicalOperator = builder.enumType('CostLogicalOperator', {
  description: 'How the labels or annotations of one filter combine.',
  values: { OR: { description: 'At least one must match.' }, AND: { description: 'All must match.' } } as const,
});

const CostLabelInput = builder.inputType('CostLabelInput', {
  description: 'A Kubernetes label or annotation, matched exactly.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'The key, such as `team` or `app.kubernetes.io/name`.' }),
    value: t.string({
      required: true,
      description: 'The value, such as `payments`. May be empty; at most 1,024 characters.',
    }),
  }),
});

export const CostLabelFilter = builder.inputType('CostLabelFilter', {
  description: 'Includes or excludes workloads by labels or annotations.',
  fields: (t) => ({
    labels: t.field({ type: [CostLabelInput], required: true, description: 'The labels or annotations, 1 to 1,000.' }),
    operator: t.field({
      type: CostLogicalOperator,
      defaultValue: 'OR',
      description: 'Whether one of them is enough (OR) or all are needed (AND).',
    }),
    exclude: t.boolean({ defaultValue: false, description: 'True excludes what matches.' }),
  }),
});

export const CostNameFilter = builder.inputType('CostNameFilter', {
  description: 'Includes or excludes by name.',
  fields: (t) => ({
    names: t.stringList({ required: true, description: 'Exact names, 1 to 1,000. An unknown name matches nothing.' }),
    exclude: t.boolean({ defaultValue: false, description: 'True excludes what matches.' }),
  }),
});
