// The columns of lists, read from bytes. A list that repeats the one in the row before is recognised by comparing bytes.

import { EMPTY_LIST, NULL_LIST } from '../columns/columns.js';
import { RowMarks } from '../warnings.js';
import type { SequenceInterner } from './interned-sequences.js';
import { toLabels, type LabelKind } from './json/labels.js';
import { LabelReader, NONE, ServiceReader, type ElementReader, type ListTables } from './parse-list-elements.js';
import { CodeBuffer } from './parse-names.js';
import { CLOSE_LIST, OPEN_LIST, type Scanner } from './scanner.js';

/** Elements at later positions are not compared with the row before. */
const MAX_POSITIONS = 32;

/** A column of lists. */
export class ListReader {
  /** The rows whose list has something that cannot be read. */
  readonly unreadable = new RowMarks();
  readonly #tables: ListTables;
  readonly #lists: SequenceInterner;
  readonly #kind: LabelKind | 'service';
  /** By position in the list. */
  readonly #elements: ElementReader[] = [];
  readonly #items: number[] = [];
  readonly #codes = new CodeBuffer();
  #start = 0;
  #end = 0;
  #code = 0;
  #isUnreadable = false;

  constructor(tables: ListTables, kind: LabelKind | 'service') {
    this.#tables = tables;
    this.#lists = kind === 'service' ? tables.serviceLists : tables.labelLists;
    this.#kind = kind;
  }

  begin(rowCount: number): void {
    this.#codes.begin(rowCount);
    this.#end = this.#start;
    for (const element of this.#elements) element.begin();
    this.unreadable.clear();
  }

  /** Reads the list that begins here, or null. */
  read(scanner: Scanner, row: number): void {
    if (!scanner.skipIfRepeated(this.#start, this.#end)) {
      const start = scanner.at;
      this.#isUnreadable = false;
      this.#code = this.#read(scanner);
      this.#start = start;
      this.#end = scanner.at;
    }
    if (this.#isUnreadable) this.unreadable.add(row);
    this.#codes.set(row, this.#code);
  }

  column(rowCount: number): Uint32Array {
    return this.#codes.codes(rowCount);
  }

  #read(scanner: Scanner): number {
    if (scanner.peek() === OPEN_LIST) return this.#readElements(scanner);
    if (scanner.skipNull()) return NULL_LIST;
    const value = scanner.readValue();
    if (this.#kind === 'service') return EMPTY_LIST;
    const { labels, isComplete } = toLabels(value, this.#kind);
    this.#isUnreadable = !isComplete;
    const items = labels.map((texts) => this.#tables.labelOfTexts(texts));
    return this.#lists.intern(items, items.length);
  }

  #readElements(scanner: Scanner): number {
    const items = this.#items;
    let position = 0;
    let count = 0;
    scanner.at += 1;
    if (scanner.peek() === CLOSE_LIST) {
      scanner.at += 1;
      return EMPTY_LIST;
    }
    do {
      scanner.peek();
      const element = this.#elementAt(position);
      const item = element.read(scanner);
      if (item !== NONE) items[count++] = item;
      for (const further of element.further) items[count++] = further;
      if (element.isUnreadable) this.#isUnreadable = true;
      position += 1;
    } while (scanner.hasMore(CLOSE_LIST));
    return this.#lists.intern(items, count);
  }

  #elementAt(position: number): ElementReader {
    const own = Math.min(position, MAX_POSITIONS);
    const known = this.#elements[own];
    if (known !== undefined) return known;
    const added =
      this.#kind === 'service' ? new ServiceReader(this.#tables) : new LabelReader(this.#tables, this.#kind);
    this.#elements[own] = added;
    return added;
  }
}
