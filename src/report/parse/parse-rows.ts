// The rows of a response, from bytes to columns. Reused for one report after the other: creating it takes as long as parsing
// a small report.

import { byField, LABEL_FIELDS, LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS } from '../columns/columns.js';
import type { DecodedRows } from './assemble-report.js';
import { IdReader, NameReader } from './parse-names.js';
import { FIELDS, KeyReader, NO_FIELD, OTHER_FIELD } from './parse-keys.js';
import { ListTables } from './list-tables.js';
import { ListReader } from './parse-lists.js';
import { NumberReader } from './parse-numbers.js';
import { OPEN_OBJECT, type Scanner } from './scanner.js';
import { UnsupportedInputError } from './unsupported-input.js';

const FIRST_CODE = NUMBER_FIELDS.length;
const ID = FIELDS.indexOf('id');
/** The kinds of list items. */
const KINDS = { labels: 'label', ownerLabels: 'label', annotations: 'annotation', services: 'service' } as const;
/** The bits of all numbers. */
const ALL_NUMBERS = 2 ** FIRST_CODE - 1;
/** About the smallest size of a row. */
const ROW_BYTES = 400;

export class RowReader {
  readonly #keys = new KeyReader();
  readonly #ids = new IdReader();
  readonly #numbers = byField(NUMBER_FIELDS, (field) => new NumberReader(field === 'amountOfWorkloads'));
  readonly #names = byField(NAME_FIELDS, () => new NameReader());
  readonly #tables = new ListTables();
  readonly #lists = byField(LIST_FIELDS, (field) => new ListReader(this.#tables, KINDS[field]));
  /** By the number of the field: numbers, then names and lists. */
  readonly #numberReaders = Object.values(this.#numbers);
  readonly #codeReaders = [...Object.values(this.#names), ...Object.values(this.#lists)];
  #row = 0;
  #skippedRows = 0;

  /** Starts a report of so many bytes. Data returned before becomes invalid. */
  begin(bytes: number): void {
    const rowCount = 16 + Math.floor(bytes / ROW_BYTES);
    this.#keys.begin();
    this.#ids.begin();
    this.#tables.begin();
    for (const numbers of this.#numberReaders) numbers.begin(rowCount);
    for (const codes of this.#codeReaders) codes.begin(rowCount);
    this.#row = 0;
    this.#skippedRows = 0;
  }

  /** Reads the row that begins here; skips a value that is no object. @throws UnsupportedInputError */
  read(scanner: Scanner): void {
    if (scanner.bytes[scanner.at] !== OPEN_OBJECT && scanner.peek() !== OPEN_OBJECT) {
      if (!scanner.skipNull()) scanner.readValue();
      this.#skippedRows += 1;
      return;
    }
    let seen = 0;
    for (let position = 0; ; position += 1) {
      const field = this.#keys.read(scanner, position);
      if (field === NO_FIELD) break;
      const bit = 1 << field;
      // Duplicate key: JSON.parse uses the last value.
      if ((seen & bit) !== 0 && field !== OTHER_FIELD) throw new UnsupportedInputError();
      seen |= bit;
      if (field < FIRST_CODE) this.#numberReaders[field]!.read(scanner, this.#row);
      else if (field < ID) this.#codeReaders[field - FIRST_CODE]!.read(scanner, this.#row);
      else if (field === ID) this.#ids.read(scanner);
      else scanner.readValue();
    }
    if ((seen & (1 << ID)) === 0) this.#ids.addNone();
    if ((seen & ALL_NUMBERS) !== ALL_NUMBERS) this.#setMissingNumbers(seen);
    this.#row += 1;
  }

  /** The columns; valid until the next report is started. */
  end(): DecodedRows {
    const rowCount = this.#row;
    const columns = {
      rowCount,
      ids: this.#ids.texts(),
      numbers: byField(NUMBER_FIELDS, (field) => this.#numbers[field].column(rowCount)),
      names: byField(NAME_FIELDS, (field) => this.#names[field].column(rowCount)),
      lists: byField(LIST_FIELDS, (field) => this.#lists[field].column(rowCount)),
      ...this.#tables.data(),
    };
    const unreadable = {
      ...byField(NAME_FIELDS, (field) => this.#names[field].unreadable),
      ...byField(NUMBER_FIELDS, (field) => this.#numbers[field].unreadable),
      ...byField(LABEL_FIELDS, (field) => this.#lists[field].unreadable),
    };
    return { columns, warnings: { skippedRows: this.#skippedRows, unreadable } };
  }

  #setMissingNumbers(seen: number): void {
    for (let field = 0; field < FIRST_CODE; field += 1) {
      if ((seen & (1 << field)) === 0) this.#numberReaders[field]!.setNull(this.#row);
    }
  }
}
