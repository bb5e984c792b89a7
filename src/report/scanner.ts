// Reads the bytes of a JSON text value by value, as strictly as JSON.parse: what it takes is JSON, and means the same.
// What it does not know is unusual, and for others to judge.

/** The text is no JSON, or none that is read here. */
export class UnusualError extends Error {
  override readonly name = 'UnusualError';
}

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const SMALL_E = 0x65;
const SMALL_N = 0x6e;
const NULL = Buffer.from('null').readInt32BE();

/** The bytes that stand for themselves in a text: ASCII without quote, backslash and control characters. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH),
);
/** The bytes of numbers, true, false and null. */
const WORD = Uint8Array.from({ length: 256 }, (_, byte) => Number(/[\w+.-]/.test(String.fromCharCode(byte))));
/** Up to here each whole number is a double, and these powers of ten are: dividing one by the other rounds once. */
const MAX_EXACT = 2 ** 53;
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

export class Scanner {
  readonly bytes: Buffer;
  /** The same, to look at four of them at a time. */
  readonly words: DataView;
  /** Where the next byte is. */
  at = 0;
  /** What was read last, [start, end), and a hash of it. */
  start = 0;
  end = 0;
  hash = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next byte that is no white space; undefined at the end. */
  peek(): number | undefined {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.at += 1;
    }
  }

  /** Goes past the next byte, which has to be this one. */
  expect(byte: number): void {
    if (this.peek() !== byte) throw new UnusualError();
    this.at += 1;
  }

  /** Goes past a comma, or past the end of a list or an object; whether there is more. */
  hasMore(close: number): boolean {
    const byte = this.peek();
    if (byte !== COMMA && byte !== close) throw new UnusualError();
    this.at += 1;
    return byte === COMMA;
  }

  /** Goes past null, if that comes next. */
  skipNull(): boolean {
    const { bytes, at } = this;
    if (bytes[at] !== SMALL_N || at + 4 > bytes.length || bytes.readInt32BE(at) !== NULL) return false;
    this.at = at + 4;
    return true;
  }

  /** Reads a text whose bytes are all plain, and which begins here; false, and nothing is read, for others. */
  readPlain(): boolean {
    const { bytes } = this;
    let at = this.at + 1;
    let hash = 0;
    let byte = bytes[at]!;
    while (PLAIN[byte] === 1) {
      hash = ((hash << 5) - hash + byte) | 0;
      at += 1;
      byte = bytes[at]!;
    }
    if (byte !== QUOTE || bytes[this.at] !== QUOTE) return false;
    this.start = this.at + 1;
    this.end = at;
    this.hash = hash;
    this.at = at + 1;
    return true;
  }

  /** Reads a text, a list or an object: to where its quotes and brackets end. Whether it is JSON is not known then. */
  readSpan(): void {
    const { bytes } = this;
    const { length } = bytes;
    let at = this.at;
    let hash = 0;
    let depth = 0;
    do {
      if (at >= length) throw new UnusualError();
      const byte = bytes[at]!;
      at += 1;
      hash = ((hash << 5) - hash + byte) | 0;
      if (byte === QUOTE) {
        for (let char = bytes[at]!; char !== QUOTE && at < length; char = bytes[at]!) {
          hash = ((hash << 5) - hash + char) | 0;
          at += char === BACKSLASH ? 2 : 1;
        }
        at += 1;
      } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
    } while (depth > 0);
    if (at > length) throw new UnusualError();
    this.start = this.at;
    this.end = at;
    this.hash = hash;
    this.at = at;
  }

  /** Reads a list that begins here; `readItem` reads each of its elements. */
  readList(readItem: () => void): void {
    this.expect(OPEN_LIST);
    if (this.peek() === CLOSE_LIST) {
      this.at += 1;
      return;
    }
    do {
      readItem();
    } while (this.hasMore(CLOSE_LIST));
  }

  /** Reads a text, a list or an object as a span, after white space. */
  readElement(): void {
    const byte = this.peek();
    if (byte !== QUOTE && byte !== OPEN_LIST && byte !== OPEN_OBJECT) throw new UnusualError();
    this.readSpan();
  }

  /** What was read last, as text; of bytes that are plain. */
  ascii(): string {
    return this.bytes.toString('latin1', this.start, this.end);
  }

  /** The value of the span that was read last. */
  parse(): unknown {
    try {
      return JSON.parse(this.bytes.toString('utf8', this.start, this.end));
    } catch {
      throw new UnusualError();
    }
  }

  /** Reads any text. */
  readText(): string {
    if (this.bytes[this.at] !== QUOTE) throw new UnusualError();
    if (this.readPlain()) return this.ascii();
    this.readSpan();
    return this.parse() as string;
  }

  /** Reads any value. */
  readValue(): unknown {
    const byte = this.peek();
    if (byte === QUOTE) return this.readText();
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.readSpan();
    else this.readWord();
    return this.parse();
  }

  /** Reads up to what ends a number, null, true or false. */
  private readWord(): void {
    this.start = this.at;
    while (WORD[this.bytes[this.at] ?? 0] === 1) this.at += 1;
    this.end = this.at;
  }

  /** Reads a number: the very double that JSON.parse makes of it. */
  readNumber(): number {
    const { bytes } = this;
    const start = this.at;
    const isNegative = bytes[start] === MINUS;
    let at = isNegative ? start + 1 : start;
    const first = at;
    let whole = 0;
    let digit = bytes[at]! - ZERO;
    for (; digit >= 0 && digit <= 9; digit = bytes[at]! - ZERO) {
      whole = 10 * whole + digit;
      at += 1;
    }
    if (at === first || (bytes[first] === ZERO && at > first + 1)) throw new UnusualError();
    let places = 0;
    if (bytes[at] === POINT) {
      at += 1;
      const point = at;
      for (digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[at]! - ZERO) {
        whole = 10 * whole + digit;
        at += 1;
      }
      places = at - point;
      if (places === 0) throw new UnusualError();
    }
    this.start = start;
    if (whole >= MAX_EXACT || places >= POWERS.length || (bytes[at]! | 0x20) === SMALL_E) return this.readLongNumber();
    this.at = at;
    const size = places === 0 ? whole : whole / POWERS[places]!;
    return isNegative ? -size : size;
  }

  private readLongNumber(): number {
    this.at = this.start;
    this.readWord();
    return this.parse() as number;
  }
}
