// Many texts in two arrays: their characters one after the other, and where each ends. A hundred thousand ids are then
// one block of memory that can be handed from thread to thread, and no strings until somebody looks at them.

/** Texts as plain data. One byte a character, or two where a character needs them: a lone surrogate stays what it is. */
export interface TextData {
  readonly chars: Uint8Array | Uint16Array;
  readonly ends: Uint32Array;
}

export interface Texts {
  readonly length: number;
  at(index: number): string;
  /** All of them, in one go. */
  all(): string[];
  /** Whether the text at `index` is this one. */
  is(index: number, text: string): boolean;
}

export function createTexts({ chars, ends }: TextData): Texts {
  const buffer = Buffer.from(chars.buffer, chars.byteOffset, chars.byteLength);
  const [encoding, width] = chars.BYTES_PER_ELEMENT === 1 ? (['latin1', 1] as const) : (['utf16le', 2] as const);
  const startOf = (index: number): number => (index === 0 ? 0 : ends[index - 1]!);
  const at = (index: number): string => buffer.toString(encoding, width * startOf(index), width * ends[index]!);
  return {
    length: ends.length,
    at,
    all() {
      const whole = buffer.toString(encoding);
      return Array.from(ends, (end, index) => whole.slice(startOf(index), end));
    },
    is: (index, text) => ends[index]! - startOf(index) === text.length && at(index) === text,
  };
}

/** Those of `texts` that these numbers name. */
export function pickTexts(texts: Texts, indexes: ArrayLike<number>): Texts {
  return {
    length: indexes.length,
    at: (index) => texts.at(indexes[index]!),
    all: () => Array.from(indexes, (index) => texts.at(index)),
    is: (index, text) => texts.is(indexes[index]!, text),
  };
}

/** Texts that are strings already. */
export function toTexts(strings: readonly string[]): Texts {
  return {
    length: strings.length,
    at: (index) => strings[index]!,
    all: () => [...strings],
    is: (index, text) => strings[index] === text,
  };
}

/** Writes texts one after the other. */
export interface TextWriter {
  /** Adds a text; answers with its number. */
  add(text: string): number;
  /** Adds the text that these bytes are, all of them ASCII. */
  addAscii(bytes: Uint8Array, start: number, end: number): number;
  /** What was written, for as long as nothing more is. */
  data(): TextData;
}

/** `room` is about how many characters there will be. */
export function createTextWriter(room = 1_024): TextWriter {
  let chars: Uint8Array | Uint16Array = new Uint8Array(room);
  let ends = new Uint32Array(64);
  let charCount = 0;
  let count = 0;
  const makeRoom = (more: number): void => {
    if (charCount + more > chars.length) chars = grow(chars, charCount + more);
    if (count === ends.length) ends = grow(ends, count + 1);
  };
  const end = (): number => {
    ends[count] = charCount;
    return count++;
  };
  return {
    add(text) {
      makeRoom(text.length);
      for (let at = 0; at < text.length; at += 1) {
        const char = text.charCodeAt(at);
        if (char > 0xff && chars.BYTES_PER_ELEMENT === 1) chars = Uint16Array.from(chars);
        chars[charCount++] = char;
      }
      return end();
    },
    addAscii(bytes, start, stop) {
      makeRoom(stop - start);
      // In local variables: this runs for every id. A loop is faster than set() for so few.
      const to = chars;
      const shift = charCount - start;
      for (let at = start; at < stop; at += 1) to[at + shift] = bytes[at]!;
      charCount += stop - start;
      return end();
    },
    data: () => ({ chars: chars.subarray(0, charCount), ends: ends.subarray(0, count) }),
  };
}

/** A copy with room for `length` at least. */
export function grow<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(array: T, length: number): T {
  const Kind = array.constructor as new (length: number) => T;
  const grown = new Kind(Math.max(length, 2 * array.length));
  grown.set(array);
  return grown;
}
