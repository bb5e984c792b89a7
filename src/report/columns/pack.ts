// A report's columns in one block of memory. Forty arrays of their own would take more than a small report's rows, both to
// make and for V8 to look through, and one block is handed to another thread in one piece. The arrays lie in it one after
// the other, the wide ones first: then each begins where its kind may.

import { LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS, type ColumnData } from './columns.js';
import type { StringData } from './strings.js';
import { PADDING } from './words.js';

/** Plain data: the block, and what is needed to find the arrays in it. */
export interface PackedColumns {
  readonly rowCount: number;
  readonly block: ArrayBuffer;
  /** Where each array begins. */
  readonly starts: readonly number[];
  /** Of the numbers, by field. */
  readonly scales: readonly number[];
  /** Which texts have characters of two bytes: a bit for each. */
  readonly wideTexts: number;
}

/** The texts of a report: the names of each field, and then these. */
export const IDS = NAME_FIELDS.length;
export const TEXTS = IDS + 1;
const TEXT_COUNT = TEXTS + 1;

// The arrays by their kinds: numbers and codes have one element a row, wholes and characters as many as there are.
const FIRST_CODES = NUMBER_FIELDS.length;
const FIRST_WHOLES = FIRST_CODES + NAME_FIELDS.length + LIST_FIELDS.length;
/** The arrays of whole numbers: the ends of all texts, and then these. */
export const [LABEL_ITEMS, LABEL_ENDS, SERVICE_ITEMS, SERVICE_ENDS, LABEL_KEYS, LABEL_VALUES] = [
  TEXT_COUNT,
  TEXT_COUNT + 1,
  TEXT_COUNT + 2,
  TEXT_COUNT + 3,
  TEXT_COUNT + 4,
  TEXT_COUNT + 5,
] as const;
const FIRST_CHARS = FIRST_WHOLES + LABEL_VALUES + 1;

export function numbersAt({ block, starts, rowCount }: PackedColumns, field: number): Float64Array {
  return new Float64Array(block, starts[field], rowCount);
}

/** The codes of names, and then of lists. */
export function codesAt({ block, starts, rowCount }: PackedColumns, column: number): Uint32Array {
  return new Uint32Array(block, starts[FIRST_CODES + column], rowCount);
}

export function uint32ArrayAt({ block, starts }: PackedColumns, array: number): Uint32Array {
  const start = starts[FIRST_WHOLES + array]!;
  return new Uint32Array(block, start, (starts[FIRST_WHOLES + array + 1]! - start) / 4);
}

export function stringsAt(packed: PackedColumns, texts: number): StringData {
  const { block, starts, wideTexts } = packed;
  const ends = uint32ArrayAt(packed, texts);
  const Chars = (wideTexts & (1 << texts)) === 0 ? Uint8Array : Uint16Array;
  return { chars: new Chars(block, starts[FIRST_CHARS + texts], ends.at(-1) ?? 0), ends };
}

/** How many texts labels and services are made of. */
export function countTexts(packed: PackedColumns): number {
  return uint32ArrayAt(packed, TEXTS).length;
}

/** A copy of all columns. */
export function pack(data: ColumnData): PackedColumns {
  const { rowCount, labelLists, serviceLists, distinctLabels } = data;
  const texts = [...NAME_FIELDS.map((field) => data.names[field].values), data.ids, data.texts];
  const rest = [
    ...NAME_FIELDS.map((field) => data.names[field].codes),
    ...LIST_FIELDS.map((field) => data.lists[field]),
    ...texts.map(({ ends }) => ends),
    ...[labelLists.items, labelLists.ends, serviceLists.items, serviceLists.ends],
    ...[distinctLabels.keys, distinctLabels.values],
  ];
  const starts = NUMBER_FIELDS.map((_, field) => 8 * rowCount * field);
  let end = 8 * rowCount * starts.length;
  for (const { byteLength } of rest) {
    starts.push(end);
    end += byteLength;
  }
  let wideTexts = 0;
  texts.forEach(({ chars }, at) => {
    if (chars.BYTES_PER_ELEMENT === 2) wideTexts |= 1 << at;
    starts.push(end);
    // So that wide ones may follow.
    end += chars.byteLength + (chars.byteLength & 1);
  });
  const block = new ArrayBuffer(end + PADDING);
  const scales = NUMBER_FIELDS.map((field) => data.numbers[field].scale);
  const packed = { rowCount, block, starts, scales, wideTexts };
  NUMBER_FIELDS.forEach((field, at) => {
    numbersAt(packed, at).set(data.numbers[field].units);
  });
  const wholes = new Uint32Array(block, 0, starts[FIRST_CHARS]! / 4);
  rest.forEach((array, at) => {
    wholes.set(array, starts[FIRST_CODES + at]! / 4);
  });
  texts.forEach(({ chars }, at) => {
    stringsAt(packed, at).chars.set(chars);
  });
  return packed;
}
