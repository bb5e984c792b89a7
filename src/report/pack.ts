// Typed arrays of plain data, moved into one block of memory: 40 of their own would take more than a small report's
// rows, and one block is handed to another thread in one piece.

import { WORD_SLACK } from './words.js';

type TypedArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** Plain data with typed arrays somewhere in it. */
type Data = Record<string, unknown>;

/** A copy of `data` whose typed arrays, also within objects, all lie in one ArrayBuffer of just their size, with room behind it. */
export function pack<T extends object>(data: T): T {
  const sizes = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  addSizes(data as Data, sizes);
  // The wide ones first: then each begins where its kind may.
  const places = [...sizes];
  let bytes = 0;
  for (let width = 8; width > 0; width -= 1) {
    places[width] = bytes;
    bytes += sizes[width]!;
  }
  return replace(data as Data, new ArrayBuffer(bytes + WORD_SLACK), places) as T;
}

/** Adds the bytes of all arrays to `sizes`, by the width of their elements. */
function addSizes(data: Data, sizes: number[]): void {
  for (const name in data) {
    const part = data[name];
    if (typeof part !== 'object' || part === null) continue;
    if (isArray(part)) sizes[part.BYTES_PER_ELEMENT]! += part.byteLength;
    else addSizes(part as Data, sizes);
  }
}

function replace(data: Data, buffer: ArrayBuffer, places: number[]): Data {
  const packed: Data = {};
  for (const name in data) {
    const part = data[name];
    if (typeof part !== 'object' || part === null) packed[name] = part;
    else if (isArray(part)) {
      const Kind = part.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => TypedArray;
      const copy = new Kind(buffer, places[part.BYTES_PER_ELEMENT]!, part.length);
      copy.set(part);
      places[part.BYTES_PER_ELEMENT]! += part.byteLength;
      packed[name] = copy;
    } else packed[name] = replace(part as Data, buffer, places);
  }
  return packed;
}

function isArray(part: object): part is TypedArray {
  return ArrayBuffer.isView(part);
}
