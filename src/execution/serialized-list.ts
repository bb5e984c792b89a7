// A list that is already JSON, for values that are cheaper to write straight from their source than to resolve field by
// field.

/**
 * The JSON of a list, brackets included, in place of its items. A resolver returns it where the executor allows that
 * (`context.serializesLists`); the executor passes it through CompleteValue unchanged and the serializer writes its chunks
 * where the list stands. `chunks` can be read once; each is made when it is read.
 */
export class SerializedList {
  readonly chunks: Iterable<Buffer>;

  constructor(chunks: Iterable<Buffer>) {
    this.chunks = chunks;
  }
}
