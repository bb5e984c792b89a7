// Records whose fields are made when they are first read: most queries need few fields.

/** Returns a function that creates records with these fields. `make` makes a field from the record's source. */
export function lazyRecord<Field extends string, Source, T extends object>(
  fields: readonly Field[],
  make: (source: Source, field: Field) => T,
): (source: Source) => Readonly<Record<Field, T>> {
  class LazyRecord {
    readonly source: Source;
    /** By the index of the field. */
    readonly made: (T | undefined)[];

    constructor(source: Source) {
      this.source = source;
      this.made = fields.map(() => undefined);
    }
  }
  fields.forEach((field, number) => {
    Object.defineProperty(LazyRecord.prototype, field, {
      get(this: LazyRecord): T {
        return (this.made[number] ??= make(this.source, field));
      },
    });
  });
  return (source) => new LazyRecord(source) as unknown as Readonly<Record<Field, T>>;
}
