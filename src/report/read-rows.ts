// The rows of the upstream's answer, from bytes to columns.

import { byField, LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS, type ColumnData } from './columns.js';
import { createNumberColumn } from './decimal-column.js';
import { createListWriter } from './decode-lists.js';
import { toCount, toNumber, type NumberNotes } from './decode-values.js';
import { createIdReader, createListReader, createNameReader, type NameReader } from './read-cells.js';
import { createKeyReader, FIELDS, OTHER_FIELD } from './read-keys.js';
import { CLOSE_OBJECT, OPEN_OBJECT, UnusualError, type Scanner } from './scanner.js';
import { grow } from './texts.js';

export interface RowReader {
  /** Reads the row that begins here. */
  readonly readRow: () => void;
  end(): { readonly columns: ColumnData; readonly droppedNumbers: number };
}

const FIRST_CODE = NUMBER_FIELDS.length;
const ID = FIELDS.indexOf('id');
const COUNT = FIELDS.indexOf('amountOfWorkloads');
const ALL_NUMBERS = 2 ** FIRST_CODE - 1;
/** The least that a row takes, about. */
const ROW_BYTES = 400;

export function createRowReader(scanner: Scanner): RowReader {
  const keys = createKeyReader();
  const cells = createCells(16 + Math.floor(scanner.bytes.length / ROW_BYTES));
  const { numbers, codes } = cells;
  const ids = createIdReader(scanner.bytes.length);
  const names = NAME_FIELDS.map(createNameReader);
  const lists = createListWriter();
  const readLabels = createListReader(lists.labels);
  const readServices = createListReader(lists.services);
  const codeReaders = [
    ...names.map(({ read }) => read),
    ...LIST_FIELDS.map((field) => (field === 'services' ? readServices : readLabels)),
  ];
  const notes: NumberNotes = { dropped: 0 };
  let row = 0;

  const readNumber = (field: number): number => {
    if (scanner.skipNull()) return Number.NaN;
    const number = scanner.readNumber();
    return (field === COUNT ? toCount(number, notes) : toNumber(number, notes)) ?? Number.NaN;
  };
  const readCell = (field: number): void => {
    if (field < FIRST_CODE) numbers[field]![row] = readNumber(field);
    else if (field < ID) codes[field - FIRST_CODE]![row] = codeReaders[field - FIRST_CODE]!(scanner);
    else if (field === ID) ids.read(scanner);
    else scanner.readValue();
  };
  return {
    readRow() {
      cells.makeRoom(row);
      let seen = 0;
      let place = 0;
      scanner.expect(OPEN_OBJECT);
      do {
        const field = keys.read(scanner, place++);
        const bit = 1 << field;
        // Of two values the last is the one.
        if (field !== OTHER_FIELD && (seen & bit) !== 0) throw new UnusualError();
        seen |= bit;
        scanner.peek();
        readCell(field);
      } while (scanner.hasMore(CLOSE_OBJECT));
      // A row without an id is named by what it is about.
      if ((seen & (1 << ID)) === 0) throw new UnusualError();
      if ((seen & ALL_NUMBERS) !== ALL_NUMBERS) cells.fillUp(row, seen);
      row += 1;
    },
    end: () => ({
      columns: { ...cells.columns(row, names), rowCount: row, ids: ids.values(), ...lists.data() },
      droppedNumbers: notes.dropped,
    }),
  };
}

/** Room for the numbers and the codes of all rows, by field. */
function createCells(rowCount: number) {
  let room = rowCount;
  const numbers = NUMBER_FIELDS.map(() => new Float64Array(room));
  const codes = [...NAME_FIELDS, ...LIST_FIELDS].map(() => new Uint32Array(room));
  return {
    numbers,
    codes,
    makeRoom(row: number): void {
      if (row < room) return;
      room *= 2;
      for (let field = 0; field < numbers.length; field += 1) numbers[field] = grow(numbers[field]!, room);
      for (let field = 0; field < codes.length; field += 1) codes[field] = grow(codes[field]!, room);
    },
    /** What was not there is null: a number that is NaN, and a code that is 0, as it was from the start. */
    fillUp(row: number, seen: number): void {
      for (let field = 0; field < FIRST_CODE; field += 1) {
        if ((seen & (1 << field)) === 0) numbers[field]![row] = Number.NaN;
      }
    },
    columns(count: number, names: readonly NameReader[]): Pick<ColumnData, 'numbers' | 'names' | 'lists'> {
      const codesOf = (column: number): Uint32Array => codes[column]!.subarray(0, count);
      return {
        numbers: byField(NUMBER_FIELDS, (field) =>
          createNumberColumn(numbers[NUMBER_FIELDS.indexOf(field)]!.subarray(0, count)),
        ),
        names: byField(NAME_FIELDS, (field) => {
          const column = NAME_FIELDS.indexOf(field);
          return { codes: codesOf(column), values: names[column]!.values() };
        }),
        lists: byField(LIST_FIELDS, (field) => codesOf(NAME_FIELDS.length + LIST_FIELDS.indexOf(field))),
      };
    },
  };
}
