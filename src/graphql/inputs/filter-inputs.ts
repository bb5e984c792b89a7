// The filter inputs that both reports share: names, labels and time. Their meaning in ScaleOps' terms is written into
// the descriptions; filters.ts turns them into a request.

import { builder } from '../builder.js';

const LogicalOperator = builder.enumType('LogicalOperator', {
  description: 'How several labels (or annotations) of one filter combine.',
  values: {
    OR: { description: 'A workload matches when it has at least one of them.' },
    AND: { description: 'A workload matches only when it has all of them.' },
  } as const,
});

export const LabelInput = builder.inputType('LabelInput', {
  description: 'One Kubernetes label or annotation to match exactly.',
  fields: (t) => ({
    key: t.string({
      required: true,
      description: 'The key, such as `team` or `app.kubernetes.io/name`, by the rules of Kubernetes.',
    }),
    value: t.string({
      required: true,
      description: 'The value, such as `payments`. May be empty; at most 1,024 characters.',
    }),
  }),
});

export const LabelFilter = builder.inputType('LabelFilter', {
  description: 'Keeps, or leaves out, workloads by their labels or annotations.',
  fields: (t) => ({
    labels: t.field({
      type: [LabelInput],
      required: true,
      description: 'The labels or annotations to look for: 1 to 1,000.',
    }),
    operator: t.field({
      type: LogicalOperator,
      defaultValue: 'OR',
      description: 'Whether one match is enough (OR) or all are needed (AND).',
    }),
    exclude: t.boolean({
      defaultValue: false,
      description: 'True leaves out what matches instead of keeping it.',
    }),
  }),
});

export const NameFilter = builder.inputType('NameFilter', {
  description: 'Keeps, or leaves out, what has one of these names.',
  fields: (t) => ({
    names: t.stringList({ required: true, description: 'The exact names: 1 to 1,000.' }),
    exclude: t.boolean({
      defaultValue: false,
      description: 'True leaves out what has one of the names instead of keeping it.',
    }),
  }),
});

const TimeWindowInput = builder.inputType('TimeWindowInput', {
  description: 'A fixed window of time, from (inclusive) to (exclusive). At most ten years, in the years 2000 to 2100.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', required: true, description: 'Where the window begins.' }),
    to: t.field({ type: 'DateTime', required: true, description: 'Where the window ends; later than `from`.' }),
  }),
});

export const TimeRangeInput = builder.inputType('TimeRangeInput', {
  description: 'The time that a report covers: give exactly one of the two fields.',
  isOneOf: true,
  fields: (t) => ({
    last: t.field({ type: 'Duration', description: 'The time up to now, such as `7d` for the last seven days.' }),
    between: t.field({ type: TimeWindowInput, description: 'A fixed window of time.' }),
  }),
});
