// The columns of names and lists, while an answer's bytes are read: a cell that says the same as one before is found by
// its bytes, and gets the same code.

import { NULL_LIST } from './columns.js';
import { OPEN_LIST, OPEN_OBJECT, UnusualError, type Scanner } from './scanner.js';
import { createSpans, type Spans } from './spans.js';
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

/** Reads lists: `add` writes one that was not met before. */
export function createListReader(add: (value: unknown) => number, spans: Spans): CellReader {
  const make = (scanner: Scanner): number => add(scanner.parse());
  return (scanner) => {
    const byte = scanner.bytes[scanner.at];
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      scanner.readSpan();
      return spans.codeOf(scanner, make);
    }
    if (!scanner.skipNull()) throw new UnusualError();
    return NULL_LIST;
  };
}

/** Reads ids, each of which is its own. */
export function createIdReader(): { readonly read: (scanner: Scanner) => void; values(): TextData } {
  const values = createTextWriter();
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
