// Bytes that are read four at a time (SWAR). The last read may go up to three bytes past their end, hence the padding.

/** How many bytes of padding follow. */
export const PADDING = 4;

/** Bytes that are followed by padding. */
export interface PaddedBytes {
  readonly view: DataView;
  readonly length: number;
}

/** A copy with padding. */
export function padBytes(bytes: Uint8Array): PaddedBytes {
  const view = new DataView(new ArrayBuffer(bytes.length + PADDING));
  new Uint8Array(view.buffer).set(bytes);
  return { view, length: bytes.length };
}

/** A view of the same memory; undefined when no padding follows. */
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

/** Whether four bytes need no escape in JSON: ASCII without quotation mark, backslash and control characters. */
export function isJsonSafeWord(word: number): boolean {
  const quotes = word ^ QUOTES;
  const backslashes = word ^ BACKSLASHES;
  // The highest bit of a byte is set when the byte is less than the byte subtracted from it. A borrow may also set it in
  // bytes above such a byte, which does not change the result.
  const low = (word - SPACES) & ~word;
  return ((word | low | ((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes)) & HIGH_BITS) === 0;
}

/** The same for one byte. */
export function isJsonSafeByte(byte: number): boolean {
  return isJsonSafeWord(byte * ONES);
}

/** The same for all bytes. */
export function areJsonSafe(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) if (!isJsonSafeWord(view.getInt32(at, true))) return false;
  for (; at < bytes.length; at += 1) if (!isJsonSafeByte(bytes[at]!)) return false;
  return true;
}

/** Four ASCII characters as the word that reading their bytes gives. */
export function toWord(text: string): number {
  return Buffer.from(text, 'latin1').readInt32LE();
}
