// Rows as JSON that was written before: whoever asks for the same members of rows again, in another order, of other rows
// or page by page, has them copied, or is given them as they are.

import type { RowMember } from './row-writer.js';

/** The JSON of each row of a report. */
export interface RowTexts {
  /** A list of all rows, as it was written. */
  readonly bytes: Buffer;
  /** Where the text of each row begins in it, and ends; by the number of the row. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Where they are kept, by whoever knows how long, and how much there is room for. */
export interface RowTextMemory {
  find(key: string): RowTexts | undefined;
  keep(key: string, texts: RowTexts): void;
}

/** What they take in memory. */
export function measureRowTexts({ bytes, starts, ends }: RowTexts): number {
  return bytes.byteLength + starts.byteLength + ends.byteLength;
}

/** Whether they are made of the row alone: not of its place among others, nor of a sum of what somebody sees. */
export function areOfRowAlone(members: readonly RowMember[]): boolean {
  return members.every((member) => {
    if (member.kind === 'object') return areOfRowAlone(member.members);
    return member.kind !== 'cursor' && (member.kind !== 'field' || member.field !== 'share');
  });
}

const MEMBER_KEYS = new WeakMap<readonly RowMember[], string>();

/** A text that is equal for equal members. */
export function toMembersKey(members: readonly RowMember[]): string {
  let key = MEMBER_KEYS.get(members);
  if (key === undefined) MEMBER_KEYS.set(members, (key = JSON.stringify(members)));
  return key;
}

/** Notes where each row is written, in a list of all rows. */
export class RowTextRecorder {
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #pieces: Buffer[] = [];
  readonly #maxBytes: number;
  /** How many bytes are in the pieces. */
  #before = 0;

  /** @param maxBytes more of them are not held. */
  constructor(rowCount: number, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#starts = new Uint32Array(rowCount);
    this.#ends = new Uint32Array(rowCount);
  }

  /** Row number `row` is in the piece that is being written, from `start` to `end`. */
  row(row: number, start: number, end: number): void {
    this.#starts[row] = this.#before + start;
    this.#ends[row] = this.#before + end;
  }

  /** A piece is written. */
  piece(piece: Buffer): Buffer {
    this.#before += piece.length;
    if (this.#before <= this.#maxBytes) this.#pieces.push(piece);
    else this.#pieces.length = 0;
    return piece;
  }

  /** After the last piece; undefined where they are too many bytes. */
  texts(): RowTexts | undefined {
    if (this.#before > this.#maxBytes) return undefined;
    // A buffer of their own: pieces may be parts of larger ones.
    const bytes = Buffer.allocUnsafeSlow(this.#before);
    let at = 0;
    for (const piece of this.#pieces) at += piece.copy(bytes, at);
    return { bytes, starts: this.#starts, ends: this.#ends };
  }
}

/** From here on rows that follow each other in the text are given as they are, not copied. */
const MIN_GIVEN_BYTES = 4_096;
const COPIED_BYTES = 65_536;
/** How much is given in one go, as it is of rows that are written. */
const GIVEN_BYTES = 262_144;

const OPEN = 0x5b;
const COMMA = 0x2c;
const CLOSE = 0x5d;

/** The JSON list of these rows, in pieces. */
export function* giveRows(texts: RowTexts, rows: Uint32Array): Generator<Buffer, void> {
  const { bytes, starts, ends } = texts;
  if (isWhole(texts, rows)) {
    yield* give(bytes, 0, bytes.length);
    return;
  }
  const copies = new Copies();
  copies.byte(OPEN);
  for (let index = 0; index < rows.length; index += 1) {
    const start = starts[rows[index]!]!;
    let end = ends[rows[index]!]!;
    // The comma between two rows is in the text as well.
    while (index + 1 < rows.length && starts[rows[index + 1]!] === end + 1) end = ends[rows[(index += 1)]!]!;
    if (end - start < MIN_GIVEN_BYTES) copies.add(bytes, start, end);
    else {
      yield copies.take();
      yield* give(bytes, start, end);
    }
    copies.byte(index + 1 < rows.length ? COMMA : CLOSE);
    if (copies.length >= COPIED_BYTES) yield copies.take();
  }
  if (rows.length === 0) copies.byte(CLOSE);
  yield copies.take();
}

/** Whether these are all rows, in the order in which they were written. */
function isWhole({ starts, ends }: RowTexts, rows: Uint32Array): boolean {
  if (rows.length !== starts.length) return false;
  let end = 0;
  for (let index = 0; index < rows.length; index += 1) {
    if (starts[rows[index]!] !== end + 1) return false;
    end = ends[rows[index]!]!;
  }
  return true;
}

function* give(bytes: Buffer, start: number, end: number): Generator<Buffer, void> {
  for (let from = start; from < end; from += GIVEN_BYTES) yield bytes.subarray(from, Math.min(end, from + GIVEN_BYTES));
}

/** What is copied, until it is taken. */
class Copies {
  #bytes = Buffer.allocUnsafe(256);
  length = 0;

  byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = byte;
  }

  add(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    this.#bytes.set(source.subarray(start, end), this.length);
    this.length += end - start;
  }

  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.length);
    this.#bytes = this.#bytes.subarray(this.length);
    this.length = 0;
    return taken;
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(4 * this.#bytes.length, this.length + count, 256));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}
