// A report's columns in one block of memory. Forty separate arrays would take more memory and time than the rows of a small
// report, and one block can be transferred to another thread. Arrays with wider elements come first, so that each array is
// aligned.

import {
  LIST_FIELDS,
  NAME_FIELDS,
  NUMBER_FIELDS,
  type ColumnData,
  type Columns,
  type ListField,
  type Lists,
  type NameColumn,
  type NameField,
  type NumberField,
} from './columns.js';
import type { NumberColumn } from './decimal-column.js';
import { lazyRecord } from './lazy-record.js';
import { PackedStrings, type StringData } from './strings.js';
import { PADDING } from './words.js';

/** Plain data: the block, and where its arrays are. */
export interface PackedColumns {
  readonly rowCount: number;
  readonly block: ArrayBuffer;
  /** Where each array begins. */
  readonly starts: readonly number[];
  /** The scale of each number column. */
  readonly scales: readonly number[];
  /** Which string columns have two bytes per character: a bit for each. */
  readonly wideTexts: number;
}

/** The string columns of a report: one per name field, then these. */
const IDS = NAME_FIELDS.length;
const TEXTS = IDS + 1;
const TEXT_COUNT = TEXTS + 1;

// The arrays by kind: numbers and codes have one element per row, Uint32 arrays and characters as many as there are.
const FIRST_CODES = NUMBER_FIELDS.length;
const FIRST_WHOLES = FIRST_CODES + NAME_FIELDS.length + LIST_FIELDS.length;
/** The Uint32 arrays: the ends of each string column, then these. */
const [LABEL_ITEMS, LABEL_ENDS, SERVICE_ITEMS, SERVICE_ENDS, LABEL_KEYS, LABEL_VALUES] = [
  TEXT_COUNT,
  TEXT_COUNT + 1,
  TEXT_COUNT + 2,
  TEXT_COUNT + 3,
  TEXT_COUNT + 4,
  TEXT_COUNT + 5,
] as const;
const FIRST_CHARS = FIRST_WHOLES + LABEL_VALUES + 1;

function numbersAt({ block, starts, rowCount }: PackedColumns, field: number): Float64Array {
  return new Float64Array(block, starts[field], rowCount);
}

/** The codes of names, then of lists. */
function codesAt({ block, starts, rowCount }: PackedColumns, column: number): Uint32Array {
  return new Uint32Array(block, starts[FIRST_CODES + column], rowCount);
}

function uint32ArrayAt({ block, starts }: PackedColumns, array: number): Uint32Array {
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

/** Copies all columns into one block. */
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
    // Padded to an even size, so that a column with two bytes per character may follow.
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

/** Columns as views of the block. Those of fields are created when they are first read. */
export function toColumns(packed: PackedColumns): Columns {
  const listsAt = (items: number, ends: number): Lists => ({
    items: uint32ArrayAt(packed, items),
    ends: uint32ArrayAt(packed, ends),
  });
  return {
    rowCount: packed.rowCount,
    ids: new PackedStrings(stringsAt(packed, IDS)),
    numbers: toNumbers(packed),
    names: toNames(packed),
    lists: toLists(packed),
    labelLists: listsAt(LABEL_ITEMS, LABEL_ENDS),
    serviceLists: listsAt(SERVICE_ITEMS, SERVICE_ENDS),
    distinctLabels: { keys: uint32ArrayAt(packed, LABEL_KEYS), values: uint32ArrayAt(packed, LABEL_VALUES) },
    texts: new PackedStrings(stringsAt(packed, TEXTS)),
  };
}

const toNumbers = lazyRecord(NUMBER_FIELDS, (packed: PackedColumns, field: NumberField): NumberColumn => {
  const index = NUMBER_FIELDS.indexOf(field);
  return { units: numbersAt(packed, index), scale: packed.scales[index]! };
});

const toNames = lazyRecord(NAME_FIELDS, (packed: PackedColumns, field: NameField): NameColumn => {
  const index = NAME_FIELDS.indexOf(field);
  return { codes: codesAt(packed, index), values: new PackedStrings(stringsAt(packed, index)) };
});

const toLists = lazyRecord(LIST_FIELDS, (packed: PackedColumns, field: ListField) =>
  codesAt(packed, NAME_FIELDS.length + LIST_FIELDS.indexOf(field)),
);
