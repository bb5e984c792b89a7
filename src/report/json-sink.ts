// Bytes of JSON in the making: a buffer that grows, and a few ways to write to its end. Numbers and texts are written as
// bytes at once: to make strings of them first takes longer than all the rest of a large answer.

const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NULL = Buffer.from('null');
const EMPTY = Buffer.alloc(0);
/** The longest text of a double. */
const MAX_NUMBER_BYTES = 32;
/** Up to here a whole number is written without an exponent, and all its digits are right. */
const MAX_PLAIN = 1e15;

/** Texts as JSON, without their quotation marks: the n-th is `bytes` from `starts[n]` to `starts[n + 1]`. */
export interface JsonTexts {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
}

/** How many bytes they take. */
export function measureTexts({ bytes, starts }: JsonTexts): number {
  return bytes.byteLength + starts.byteLength;
}

/** Each text as JSON. */
export function toJsonTexts(texts: readonly string[]): JsonTexts {
  const starts = new Uint32Array(texts.length + 1);
  const sink = new JsonSink(16 * texts.length);
  texts.forEach((text, at) => {
    sink.json(JSON.stringify(text).slice(1, -1));
    starts[at + 1] = sink.length;
  });
  // A copy, which has no room to spare.
  return { bytes: new Uint8Array(sink.take()), starts };
}

export class JsonSink {
  readonly #firstBytes: number;
  #bytes = EMPTY;
  /** How many bytes have been written. */
  length = 0;

  /** @param firstBytes how much is expected to be written until it is taken. */
  constructor(firstBytes: number) {
    this.#firstBytes = firstBytes;
  }

  /** What was written so far. What is written next is in another buffer. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.length);
    this.#bytes = EMPTY;
    this.length = 0;
    return taken;
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = byte;
  }

  /** Bytes of JSON. */
  copy(source: Uint8Array): void {
    this.#reserve(source.length);
    const bytes = this.#bytes;
    let at = this.length;
    // A loop: for the few bytes of a name it is faster than a call that copies.
    for (let from = 0; from < source.length; from += 1) bytes[at++] = source[from]!;
    this.length = at;
  }

  /** `opening`, which ends with a quotation mark, and one of these texts with the other one. */
  text(opening: Uint8Array, { bytes: source, starts }: JsonTexts, index: number): void {
    const start = starts[index]!;
    const end = starts[index + 1]!;
    this.#reserve(opening.length + end - start + 1);
    const bytes = this.#bytes;
    let at = this.length;
    for (let from = 0; from < opening.length; from += 1) bytes[at++] = opening[from]!;
    for (let from = start; from < end; from += 1) bytes[at++] = source[from]!;
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** A text of JSON. */
  json(text: string): void {
    // The most that a code unit takes in UTF-8.
    this.#reserve(3 * text.length);
    this.length += this.#bytes.write(text, this.length);
  }

  null(): void {
    this.copy(NULL);
  }

  /** `units / scale`, of which the scale is 10 to the power of `decimals`; NaN is null. */
  number(units: number, scale: number, decimals: number): void {
    if (units !== units) {
      this.null();
      return;
    }
    const size = Math.abs(units);
    if (!(size < MAX_PLAIN) || (scale === 1 && !Number.isInteger(size))) {
      this.json(String(units / scale));
      return;
    }
    this.#reserve(MAX_NUMBER_BYTES);
    if (units < 0) this.#bytes[this.length++] = MINUS;
    if (scale === 1) this.#digits(size);
    else this.#decimal(size, scale, decimals);
  }

  #decimal(size: number, scale: number, decimals: number): void {
    let whole = Math.floor(size / scale);
    // Dividing rounds, and may have come to the next whole number.
    if (whole * scale > size) whole -= 1;
    this.#digits(whole);
    let rest = size - whole * scale;
    if (rest === 0) return;
    const bytes = this.#bytes;
    bytes[this.length] = POINT;
    let last = this.length + decimals;
    for (; rest % 10 === 0; rest /= 10) last -= 1;
    for (let at = last; at > this.length; at -= 1) {
      const next = Math.floor(rest / 10);
      bytes[at] = ZERO + (rest - 10 * next);
      rest = next;
    }
    this.length = last + 1;
  }

  /** A whole number below MAX_PLAIN. */
  #digits(value: number): void {
    const bytes = this.#bytes;
    let end = this.length + countDigits(value);
    this.length = end;
    let rest = value;
    // Six digits at a time, until what is left fits the machine's own whole numbers.
    while (rest >= 1e9) {
      const next = Math.floor(rest / 1e6);
      let six = rest - 1e6 * next;
      for (let count = 0; count < 6; count += 1) {
        const tenth = (six / 10) | 0;
        bytes[--end] = ZERO + six - 10 * tenth;
        six = tenth;
      }
      rest = next;
    }
    let small = rest | 0;
    do {
      const tenth = (small / 10) | 0;
      bytes[--end] = ZERO + small - 10 * tenth;
      small = tenth;
    } while (small > 0);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#firstBytes, needed));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}

function countDigits(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count += 1;
  return count;
}
