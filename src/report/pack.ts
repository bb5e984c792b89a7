// Typed arrays of plain data, moved into one block of memory: 40 of their own would take more than a small report's
// rows, and one block is handed to another thread in one piece.

type TypedArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** A copy of `data` whose typed arrays, also within objects, all lie in one ArrayBuffer of just their size. */
export function pack<T extends object>(data: T): T {
  const arrays = collect(data);
  // The wide ones first: then each begins where its kind may.
  arrays.sort((a, b) => b.BYTES_PER_ELEMENT - a.BYTES_PER_ELEMENT);
  const buffer = new ArrayBuffer(arrays.reduce((bytes, { byteLength }) => bytes + byteLength, 0));
  const packed = new Map<TypedArray, TypedArray>();
  let at = 0;
  for (const array of arrays) {
    const Kind = array.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => TypedArray;
    const copy = new Kind(buffer, at, array.length);
    copy.set(array);
    packed.set(array, copy);
    at += array.byteLength;
  }
  return replace(data, packed) as T;
}

function collect(data: object): TypedArray[] {
  if (ArrayBuffer.isView(data)) return [data as TypedArray];
  const parts = Object.values(data).filter((part) => typeof part === 'object' && part !== null) as object[];
  return parts.flatMap(collect);
}

function replace(data: unknown, packed: ReadonlyMap<TypedArray, TypedArray>): unknown {
  if (typeof data !== 'object' || data === null) return data;
  if (ArrayBuffer.isView(data)) return packed.get(data as TypedArray);
  return Object.fromEntries(Object.entries(data).map(([name, part]) => [name, replace(part, packed)]));
}
