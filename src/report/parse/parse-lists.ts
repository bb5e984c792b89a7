// The columns of lists, read from bytes. A list that repeats the one in the row before is recognised by comparing bytes.

import { NULL_LIST } from '../columns/columns.js';
import { toWord } from '../columns/words.js';
import { RowMarks } from '../warnings.js';
import { toElementLabels, toLabels, type LabelKind } from './json/labels.js';
import { toText } from './json/values.js';
import type { ListTables } from './list-tables.js';
import { CodeBuffer, RepeatedValueReader } from './parse-names.js';
import { CLOSE_LIST, CLOSE_OBJECT, OPEN_LIST, type Scanner } from './scanner.js';

// A label as Go writes it, {"key":"…","value":"…"}, in words of four bytes. The last word overlaps the word before.
const [OPEN_KEY, KEY_QUOTE] = [toWord('{"ke'), toWord('y":"')];
const [COMMA_VALUE, VALUE_END, VALUE_QUOTE] = [toWord(',"va'), toWord('lue"'), toWord('e":"')];

/** The number of the empty text. */
const EMPTY_TEXT = 0;
/** Returned for anything that is not a label in this shape. */
const NO_LABEL = -1;

/** Elements at later positions are compared with the last of them. */
const MAX_POSITION = 32;

/** A column of lists. */
export class ListReader {
  /** The rows whose list has something that cannot be read. */
  readonly unreadable = new RowMarks();
  readonly #tables: ListTables;
  readonly #kind: LabelKind | 'service';
  readonly #codes = new CodeBuffer();
  /** By position in the list: the key of a label, and its value or a service. */
  readonly #keys: RepeatedValueReader[] = [];
  readonly #values: RepeatedValueReader[] = [];
  /** The first `#count` are the items of the list that is being read. Reused: a new array per list takes longer. */
  readonly #items: number[] = [];
  #count = 0;
  /** The bytes of the last list that was read, its code and whether it was unreadable. */
  #start = 0;
  #end = 0;
  #code = 0;
  #isUnreadable = false;

  constructor(tables: ListTables, kind: LabelKind | 'service') {
    this.#tables = tables;
    this.#kind = kind;
  }

  begin(rowCount: number): void {
    this.#codes.begin(rowCount);
    this.#end = this.#start;
    for (const readers of [this.#keys, this.#values]) {
      // Skips the positions at which no label had the usual shape.
      readers.forEach((reader) => {
        reader.begin();
      });
    }
    this.unreadable.clear();
  }

  /** Reads the list that begins here, or null. */
  read(scanner: Scanner, row: number): void {
    if (!scanner.skipIfRepeated(this.#start, this.#end)) {
      const start = scanner.at;
      this.#isUnreadable = false;
      this.#count = 0;
      scanner.peek();
      this.#code = this.#kind === 'service' ? this.#readServices(scanner) : this.#readLabels(scanner, this.#kind);
      this.#start = start;
      this.#end = scanner.at;
    }
    if (this.#isUnreadable) this.unreadable.add(row);
    this.#codes.set(row, this.#code);
  }

  column(rowCount: number): Uint32Array {
    return this.#codes.codes(rowCount);
  }

  #readServices(scanner: Scanner): number {
    const { texts, serviceLists } = this.#tables;
    if (scanner.skipNull()) return NULL_LIST;
    if (scanner.peek() !== OPEN_LIST) scanner.readValue();
    else if (scanner.beginList()) {
      do {
        scanner.peek();
        let code = this.#textAt(this.#values, this.#count, scanner);
        if (code < 0) code = texts.internString(toText(scanner.readValue()) ?? '');
        if (code !== EMPTY_TEXT) this.#add(code);
      } while (scanner.hasMore(CLOSE_LIST));
    }
    return serviceLists.intern(this.#items, this.#count);
  }

  #readLabels(scanner: Scanner, kind: LabelKind): number {
    if (scanner.skipNull()) return NULL_LIST;
    if (scanner.peek() !== OPEN_LIST) this.#addLabels(toLabels(scanner.readValue(), kind));
    else if (scanner.beginList()) {
      do {
        scanner.peek();
        const { at } = scanner;
        const label = this.#readUsualLabel(scanner, this.#count);
        if (label !== NO_LABEL) this.#add(label);
        else {
          scanner.at = at;
          this.#addLabels(toElementLabels(scanner.readValue(), kind));
        }
      } while (scanner.hasMore(CLOSE_LIST));
    }
    return this.#tables.labelLists.intern(this.#items, this.#count);
  }

  #addLabels({ labels, isComplete }: ReturnType<typeof toLabels>): void {
    for (const label of labels) this.#add(this.#tables.labelOf(label));
    if (!isComplete) this.#isUnreadable = true;
  }

  #add(item: number): void {
    this.#items[this.#count++] = item;
  }

  /** The number of the label that begins here; NO_LABEL for any other shape. */
  #readUsualLabel(scanner: Scanner, position: number): number {
    const { bytes, words, at } = scanner;
    if (at + 8 > bytes.length) return NO_LABEL;
    if (words.getInt32(at, true) !== OPEN_KEY || words.getInt32(at + 4, true) !== KEY_QUOTE) return NO_LABEL;
    scanner.at = at + 7;
    const key = this.#textAt(this.#keys, position, scanner);
    const middle = scanner.at;
    // A label without a key is left out.
    if (key <= EMPTY_TEXT || middle + 10 > bytes.length) return NO_LABEL;
    if (words.getInt32(middle, true) !== COMMA_VALUE || words.getInt32(middle + 4, true) !== VALUE_END) return NO_LABEL;
    if (words.getInt32(middle + 6, true) !== VALUE_QUOTE) return NO_LABEL;
    scanner.at = middle + 9;
    const value = this.#textAt(this.#values, position, scanner);
    if (value < 0 || bytes[scanner.at] !== CLOSE_OBJECT) return NO_LABEL;
    scanner.at += 1;
    return this.#tables.labels.intern([key, value], 2);
  }

  #textAt(readers: RepeatedValueReader[], position: number, scanner: Scanner): number {
    const reader = (readers[Math.min(position, MAX_POSITION)] ??= new RepeatedValueReader(this.#tables.texts));
    return reader.read(scanner);
  }
}
