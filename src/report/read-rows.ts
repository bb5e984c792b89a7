// The rows of the upstream's answer, from bytes to columns.

import { byField, LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS, type ColumnData } from './columns.js';
import { createNumberColumn } from './decimal-column.js';
import { createListWriter } from './decode-lists.js';
import { toCount, toNumber, type NumberNotes } from './decode-values.js';
import { createIdReader, createListReader, createNameReader } from './read-cells.js';
import { createKeyReader, FIELDS, OTHER_FIELD } from './read-keys.js';
import { CLOSE_OBJECT, OPEN_OBJECT, UnusualError, type Scanner } from './scanner.js';
import { grow } from './texts.js';

export interface RowReader {
  /** Reads the row that begins here. */
  readonly readRow: () => void;
  end(): { readonly columns: ColumnData; readonly droppedNumbers: number };
}

const FIRST_NAME = NUMBER_FIELDS.length;
const FIRST_LIST = FIRST_NAME + NAME_FIELDS.length;
const ID = FIELDS.indexOf('id');
const COUNT = FIELDS.indexOf('amountOfWorkloads');
const ALL = 2 ** FIELDS.length - 1;
/** The least that a row takes, about. */
const ROW_BYTES = 400;

export function createRowReader(scanner: Scanner): RowReader {
  const keys = createKeyReader();
  const ids = createIdReader();
  const names = NAME_FIELDS.map(createNameReader);
  const lists = createListWriter();
  const readLabels = createListReader(lists.labels);
  const readServices = createListReader(lists.services);
  const listReaders = LIST_FIELDS.map((field) => (field === 'services' ? readServices : readLabels));
  const notes: NumberNotes = { dropped: 0 };
  let room = 16 + Math.floor(scanner.bytes.length / ROW_BYTES);
  const numbers = NUMBER_FIELDS.map(() => new Float64Array(room));
  const codes = [...NAME_FIELDS, ...LIST_FIELDS].map(() => new Uint32Array(room));
  let row = 0;

  const readNumber = (field: number): number => {
    if (scanner.skipNull()) return Number.NaN;
    const number = scanner.readNumber();
    return (field === COUNT ? toCount(number, notes) : toNumber(number, notes)) ?? Number.NaN;
  };
  const readCell = (field: number): void => {
    if (field < FIRST_NAME) numbers[field]![row] = readNumber(field);
    else if (field < FIRST_LIST) codes[field - FIRST_NAME]![row] = names[field - FIRST_NAME]!.read(scanner);
    else if (field < ID) codes[field - FIRST_NAME]![row] = listReaders[field - FIRST_LIST]!(scanner);
    else if (field === ID) ids.read(scanner);
    else scanner.readValue();
  };
  const makeRoom = (): void => {
    room *= 2;
    for (let field = 0; field < numbers.length; field += 1) numbers[field] = grow(numbers[field]!, room);
    for (let field = 0; field < codes.length; field += 1) codes[field] = grow(codes[field]!, room);
  };
  /** Nothing is null: a number that is NaN, and codes that are 0. */
  const fillUp = (seen: number): void => {
    // A row without an id is named by what it is about.
    if ((seen & (1 << ID)) === 0) throw new UnusualError();
    for (let field = 0; field < FIRST_NAME; field += 1) {
      if ((seen & (1 << field)) === 0) numbers[field]![row] = Number.NaN;
    }
  };

  return {
    readRow() {
      if (row === room) makeRoom();
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
      if ((seen & ALL) !== ALL) fillUp(seen);
      row += 1;
    },
    end() {
      const codesOf = (column: number): Uint32Array => codes[column]!.subarray(0, row);
      const columns = {
        rowCount: row,
        ids: ids.values(),
        numbers: byField(NUMBER_FIELDS, (field) =>
          createNumberColumn(numbers[NUMBER_FIELDS.indexOf(field)]!.subarray(0, row)),
        ),
        names: byField(NAME_FIELDS, (field) => {
          const column = NAME_FIELDS.indexOf(field);
          return { codes: codesOf(column), values: names[column]!.values() };
        }),
        lists: byField(LIST_FIELDS, (field) => codesOf(NAME_FIELDS.length + LIST_FIELDS.indexOf(field))),
        ...lists.data(),
      };
      return { columns, droppedNumbers: notes.dropped };
    },
  };
}
