// Data-quality warnings: missing, odd or unreadable data in a response. A warning never fails a report.

export type WarningCode =
  | 'PARTIAL_ANSWER'
  | 'MISSING_WINDOW'
  | 'WINDOW_MISMATCH'
  | 'SKIPPED_ROW'
  | 'DUPLICATE_ROW'
  | 'UNREADABLE_NAME'
  | 'UNREADABLE_NUMBER'
  | 'UNREADABLE_LABELS';

/** A warning as plain data. A report has at most one per code and field. Contains no text of the response. */
export interface ReportWarning {
  readonly code: WarningCode;
  /** The field of a row or of the response; null when the warning is about whole rows. */
  readonly field: string | null;
  /** The number of affected rows; 1 when it is about the response as a whole. */
  readonly count: number;
  /** A bit per row of the report; null when no particular rows are affected. */
  readonly rows: Uint8Array | null;
}

/** A warning about the response as a whole. */
export function warnOnce(code: WarningCode, field: string): ReportWarning {
  return { code, field, count: 1, rows: null };
}

/** Whether every row of the response, and every number of these fields, could be read. */
export function isFullyReadable(warnings: readonly ReportWarning[], fields: readonly (string | null)[]): boolean {
  return !warnings.some(
    ({ code, field }) => code === 'SKIPPED_ROW' || (code === 'UNREADABLE_NUMBER' && fields.includes(field)),
  );
}

/** Collects the rows of one warning: a bit per row, allocated for the first one. */
export class RowMarks {
  #bits = new Uint8Array(0);
  #count = 0;

  add(row: number): void {
    const byte = row >> 3;
    if (byte >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(byte + 1, 2 * this.#bits.length));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    const bit = 1 << (row & 7);
    if ((this.#bits[byte]! & bit) !== 0) return;
    this.#bits[byte]! |= bit;
    this.#count += 1;
  }

  clear(): void {
    this.#bits = new Uint8Array(0);
    this.#count = 0;
  }

  /** One warning; none without rows. Invalid after further calls. */
  toWarnings(code: WarningCode, field: string | null): readonly ReportWarning[] {
    return this.#count === 0 ? [] : [{ code, field, count: this.#count, rows: this.#bits }];
  }
}

/**
 * The warnings of a part of a report: about its own rows, counted again, and about the response as a whole.
 * @param rows the rows of the part, by their numbers in the report.
 * @param isRenumbered whether the rows of the part are numbered from 0.
 */
export function warningsAmong(
  warnings: readonly ReportWarning[],
  rows: ArrayLike<number>,
  isRenumbered: boolean,
): readonly ReportWarning[] {
  return warnings.flatMap((warning) => {
    if (warning.rows === null) return [warning];
    const marks = new RowMarks();
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at]!;
      if (isMarked(warning.rows, row)) marks.add(isRenumbered ? at : row);
    }
    return marks.toWarnings(warning.code, warning.field);
  });
}

function isMarked(bits: Uint8Array, row: number): boolean {
  return ((bits[row >> 3] ?? 0) & (1 << (row & 7))) !== 0;
}
