// The error of a time range that breaks a rule. The caller adds the path of the input.

export class TimeRangeError extends Error {
  override readonly name = 'TimeRangeError';
  /** The field of the input that breaks the rule, such as `count`; empty for the range as a whole. */
  readonly field: 'count' | 'granularity' | '';
  /** The rule and the way out, to follow the path of the input: "must be …". */
  readonly rule: string;

  constructor(field: TimeRangeError['field'], rule: string) {
    super(`${field} ${rule}`.trim());
    this.field = field;
    this.rule = rule;
  }
}
