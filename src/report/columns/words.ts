// Bytes that are gone through four at a time. Whoever does reads on past their end, by up to three bytes: there has to be
// room behind them.

/** How much room. */
export const PADDING = 4;

/** Bytes, and room to read on. */
export interface PaddedBytes {
  readonly view: DataView;
  readonly length: number;
}

/** A copy with room. */
export function padBytes(bytes: Uint8Array): PaddedBytes {
  const view = new DataView(new ArrayBuffer(bytes.length + PADDING));
  new Uint8Array(view.buffer).set(bytes);
  return { view, length: bytes.length };
}

/** The same memory, where there is room behind it. */
export function viewPadded({ buffer, byteOffset, byteLength }: Uint8Array): PaddedBytes | undefined {
  const end = byteOffset + byteLength + PADDING;
  return end > buffer.byteLength
    ? undefined
    : { view: new DataView(buffer, byteOffset, end - byteOffset), length: byteLength };
}

// Four bytes in one number, each with the same value.
const ONES = 0x01010101;
const SPACES = 0x20202020;
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const HIGH_BITS = 0x80808080;

/** Whether four bytes stand in a JSON text for themselves: ASCII without quote, backslash and control characters. */
export function isJsonSafeWord(word: number): boolean {
  const quotes = word ^ QUOTES;
  const backslashes = word ^ BACKSLASHES;
  // A byte's highest bit is set where the byte is less than what is taken from it. It may be set in bytes above such a
  // one as well, which says nothing new.
  const low = (word - SPACES) & ~word;
  return ((word | low | ((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes)) & HIGH_BITS) === 0;
}

/** The same of one byte. */
export function isJsonSafeByte(byte: number): boolean {
  return isJsonSafeWord(byte * ONES);
}

/** Whether each byte stands for itself. */
export function areJsonSafe(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) if (!isJsonSafeWord(view.getInt32(at, true))) return false;
  for (; at < bytes.length; at += 1) if (!isJsonSafeByte(bytes[at]!)) return false;
  return true;
}

/** Four characters of ASCII as a word, as they are read from bytes. */
export function toWord(text: string): number {
  return Buffer.from(text, 'latin1').readInt32LE();
}
