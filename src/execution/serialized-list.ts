// A list that is already JSON, where that is faster than resolving its items field by field.

/**
 * The JSON of a list, brackets included. A resolver may return it when `context.serializesLists` is true; the serializer
 * writes its chunks. `chunks` can be iterated once; each chunk is created when it is read.
 */
export class SerializedList {
  readonly chunks: Iterable<Buffer>;

  constructor(chunks: Iterable<Buffer>) {
    this.chunks = chunks;
  }
}
