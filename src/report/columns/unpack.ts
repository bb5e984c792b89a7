// Columns as views of a packed block. Each view is created when it is first read.

import {
  LIST_FIELDS,
  NAME_FIELDS,
  NUMBER_FIELDS,
  type Columns,
  type Labels,
  type ListField,
  type Lists,
  type NameColumn,
  type NameField,
  type NumberField,
} from './columns.js';
import type { NumberColumn } from './decimal-column.js';
import { lazyRecord } from './lazy-record.js';
import {
  codesAt,
  IDS,
  LABEL_ENDS,
  LABEL_ITEMS,
  LABEL_KEYS,
  LABEL_VALUES,
  numbersAt,
  SERVICE_ENDS,
  SERVICE_ITEMS,
  TEXTS,
  stringsAt,
  uint32ArrayAt,
  type PackedColumns,
} from './pack.js';
import { createStringColumn, type StringColumn } from './strings.js';

export function toColumns(packed: PackedColumns): Columns {
  return new PackedView(packed);
}

class PackedView implements Columns {
  readonly rowCount: number;
  readonly #packed: PackedColumns;
  #numbers: Columns['numbers'] | undefined;
  #names: Columns['names'] | undefined;
  #lists: Columns['lists'] | undefined;
  #ids: StringColumn | undefined;
  #texts: StringColumn | undefined;
  #labelLists: Lists | undefined;
  #serviceLists: Lists | undefined;
  #distinctLabels: Labels | undefined;

  constructor(packed: PackedColumns) {
    this.#packed = packed;
    this.rowCount = packed.rowCount;
  }

  get numbers(): Columns['numbers'] {
    return (this.#numbers ??= toNumbers(this.#packed));
  }

  get names(): Columns['names'] {
    return (this.#names ??= toNames(this.#packed));
  }

  get lists(): Columns['lists'] {
    return (this.#lists ??= toLists(this.#packed));
  }

  get ids(): StringColumn {
    return (this.#ids ??= createStringColumn(stringsAt(this.#packed, IDS)));
  }

  get texts(): StringColumn {
    return (this.#texts ??= createStringColumn(stringsAt(this.#packed, TEXTS)));
  }

  get labelLists(): Lists {
    return (this.#labelLists ??= this.#listsIn(LABEL_ITEMS, LABEL_ENDS));
  }

  get serviceLists(): Lists {
    return (this.#serviceLists ??= this.#listsIn(SERVICE_ITEMS, SERVICE_ENDS));
  }

  get distinctLabels(): Labels {
    const packed = this.#packed;
    return (this.#distinctLabels ??= {
      keys: uint32ArrayAt(packed, LABEL_KEYS),
      values: uint32ArrayAt(packed, LABEL_VALUES),
    });
  }

  #listsIn(items: number, ends: number): Lists {
    return { items: uint32ArrayAt(this.#packed, items), ends: uint32ArrayAt(this.#packed, ends) };
  }
}

const toNumbers = lazyRecord(NUMBER_FIELDS, (packed: PackedColumns, field: NumberField): NumberColumn => {
  const index = NUMBER_FIELDS.indexOf(field);
  return { units: numbersAt(packed, index), scale: packed.scales[index]! };
});

const toNames = lazyRecord(NAME_FIELDS, (packed: PackedColumns, field: NameField): NameColumn => {
  const index = NAME_FIELDS.indexOf(field);
  return { codes: codesAt(packed, index), values: createStringColumn(stringsAt(packed, index)) };
});

const toLists = lazyRecord(LIST_FIELDS, (packed: PackedColumns, field: ListField) =>
  codesAt(packed, NAME_FIELDS.length + LIST_FIELDS.indexOf(field)),
);
