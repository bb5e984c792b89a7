// The columns of a report as what questions are asked of: views of its block, made when somebody looks.

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
  codesOf,
  IDS,
  LABEL_ENDS,
  LABEL_ITEMS,
  LABEL_KEYS,
  LABEL_VALUES,
  numbersOf,
  SERVICE_ENDS,
  SERVICE_ITEMS,
  TEXTS,
  textsOf,
  wholesOf,
  type PackedColumns,
} from './pack.js';
import { createTexts, type Texts } from './strings.js';

export function toColumns(packed: PackedColumns): Columns {
  return new PackedView(packed);
}

class PackedView implements Columns {
  readonly rowCount: number;
  readonly #packed: PackedColumns;
  #numbers: Columns['numbers'] | undefined;
  #names: Columns['names'] | undefined;
  #lists: Columns['lists'] | undefined;
  #ids: Texts | undefined;
  #texts: Texts | undefined;
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

  get ids(): Texts {
    return (this.#ids ??= createTexts(textsOf(this.#packed, IDS)));
  }

  get texts(): Texts {
    return (this.#texts ??= createTexts(textsOf(this.#packed, TEXTS)));
  }

  get labelLists(): Lists {
    return (this.#labelLists ??= this.#listsIn(LABEL_ITEMS, LABEL_ENDS));
  }

  get serviceLists(): Lists {
    return (this.#serviceLists ??= this.#listsIn(SERVICE_ITEMS, SERVICE_ENDS));
  }

  get distinctLabels(): Labels {
    const packed = this.#packed;
    return (this.#distinctLabels ??= { keys: wholesOf(packed, LABEL_KEYS), values: wholesOf(packed, LABEL_VALUES) });
  }

  #listsIn(items: number, ends: number): Lists {
    return { items: wholesOf(this.#packed, items), ends: wholesOf(this.#packed, ends) };
  }
}

const toNumbers = lazyRecord(NUMBER_FIELDS, (packed: PackedColumns, field: NumberField): NumberColumn => {
  const place = NUMBER_FIELDS.indexOf(field);
  return { units: numbersOf(packed, place), scale: packed.scales[place]! };
});

const toNames = lazyRecord(NAME_FIELDS, (packed: PackedColumns, field: NameField): NameColumn => {
  const place = NAME_FIELDS.indexOf(field);
  return { codes: codesOf(packed, place), values: createTexts(textsOf(packed, place)) };
});

const toLists = lazyRecord(LIST_FIELDS, (packed: PackedColumns, field: ListField) =>
  codesOf(packed, NAME_FIELDS.length + LIST_FIELDS.indexOf(field)),
);
