// The columns of names and lists, while an answer's bytes are read: a cell that says the same as one before is found by
// its bytes, and gets the same code.

import { NULL_LIST } from './columns.js';
import type { ListsOf } from './decode-lists.js';
import { CLOSE_OBJECT, COLON, OPEN_LIST, OPEN_OBJECT, UnusualError, type Scanner } from './scanner.js';
import { createSpans } from './spans.js';
import { createTextWriter, type TextData } from './texts.js';

/** Reads the cell that begins here; answers with its code. */
export type CellReader = (scanner: Scanner) => number;

export interface NameReader {
  readonly read: CellReader;
  values(): TextData;
}

export function createNameReader(): NameReader {
  const spans = createSpans();
  const values = createTextWriter();
  values.add('');
  const escaped = new Map<string, number>();
  const add = ({ bytes, start, end }: Scanner): number => values.addAscii(bytes, start, end);
  return {
    read(scanner) {
      if (scanner.readPlain()) return scanner.start === scanner.end ? 0 : spans.codeOf(scanner, add);
      if (scanner.skipNull()) return 0;
      const text = scanner.readText();
      // The same name may also stand there without escapes, and would be found as another.
      if (/^[\x20-\x7f]*$/.test(text) && !/["\\]/.test(text)) throw new UnusualError();
      let code = escaped.get(text);
      if (code === undefined) escaped.set(text, (code = values.add(text)));
      return code;
    },
    values: () => values.data(),
  };
}

/** An element of a list; of an object what may be of use. JSON.parse would take three times as long for so little. */
function readElement(scanner: Scanner): unknown {
  if (scanner.bytes[scanner.at] !== OPEN_OBJECT) return scanner.readValue();
  const pair: { key?: unknown; value?: unknown } = {};
  scanner.at += 1;
  if (scanner.peek() === CLOSE_OBJECT) {
    scanner.at += 1;
    return pair;
  }
  do {
    scanner.peek();
    const name = scanner.readText();
    scanner.expect(COLON);
    const value = scanner.readValue();
    if (name === 'key' || name === 'value') pair[name] = value;
  } while (scanner.hasMore(CLOSE_OBJECT));
  return pair;
}

/** Reads lists. Of one that was not met before at least the elements may be known. */
export function createListReader(lists: ListsOf): CellReader {
  const spans = createSpans();
  const elements = createSpans();
  // One higher: 0 is an element that is left out.
  const addElement = (scanner: Scanner): number => {
    scanner.at = scanner.start;
    return (lists.toItem(readElement(scanner)) ?? -1) + 1;
  };
  const addList = (scanner: Scanner): number => {
    const { start, bytes } = scanner;
    if (bytes[start] !== OPEN_LIST) return lists.add(scanner.parse());
    const items: number[] = [];
    // Read again, and now as JSON: that ends where its brackets do.
    scanner.at = start;
    scanner.readList(() => {
      scanner.readElement();
      const item = elements.codeOf(scanner, addElement);
      if (item > 0) items.push(item - 1);
    });
    return lists.addItems(items);
  };
  return (scanner) => {
    const byte = scanner.bytes[scanner.at];
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      scanner.readSpan();
      return spans.codeOf(scanner, addList);
    }
    if (!scanner.skipNull()) throw new UnusualError();
    return NULL_LIST;
  };
}

/** The most of an answer that its ids usually are. */
const ID_PART = 1 / 8;

/** Reads ids, each of which is its own. */
export function createIdReader(bytes: number): { readonly read: (scanner: Scanner) => void; values(): TextData } {
  const values = createTextWriter(64 + Math.ceil(bytes * ID_PART));
  return {
    read(scanner) {
      if (scanner.readPlain()) {
        // A row without one is named by what it is about.
        if (scanner.start === scanner.end) throw new UnusualError();
        values.addAscii(scanner.bytes, scanner.start, scanner.end);
      } else values.add(scanner.readText());
    },
    values: () => values.data(),
  };
}
