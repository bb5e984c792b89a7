// Rows as JSON, written straight from the columns: fields that are not selected are not read, and no row object is made.

import { labelsAt, nameOf, scaleOpsIdAt, servicesAt } from '../columns/cells.js';
import { NAME_FIELDS, type Label, type NameField } from '../columns/columns.js';
import { shareOf } from '../columns/share.js';
import { padBytes, type PaddedBytes } from '../columns/words.js';
import { createLabelReader } from '../query/label-lookup.js';
import { toReportId } from '../request.js';
import type { RowSource } from '../row.js';
import { toEntityId } from '../opaque-id.js';
import { JsonWriter } from './json-writer.js';
import type { LabelMember, OriginField, RowMember } from './row-members.js';

/** The rows to write. */
export interface WrittenRows {
  readonly source: RowSource;
  /** The row numbers, in the order in which they are written. */
  readonly rows: Uint32Array;
  /** A field of the rows' report, as JSON. */
  readonly originJson: (field: OriginField) => string;
  /** The cursor of the n-th of `rows`. */
  readonly cursorOf: (index: number) => string;
}

type Member<Kind extends RowMember['kind']> = RowMember & { readonly kind: Kind };

/** Writes a member, with its name, of the row at this index of `rows`. */
type WriteMember = (out: JsonWriter, index: number) => void;

const [COMMA, OPEN_LIST, CLOSE_LIST, CLOSE_OBJECT] = Buffer.from(',[]}');
/** The size of a piece: about a millisecond of work. */
const PIECE_BYTES = 65_536;
/** An estimate per member, without its name; the buffer grows when it is too low. */
const MEMBER_BYTES = 24;

/** The rows as a JSON list, in pieces of some 64 KiB. Without members each row is an empty object. */
export function* writeRows(written: WrittenRows, members: readonly RowMember[]): Generator<Buffer, void> {
  const { length } = written.rows;
  const write = objectWriter(written, members);
  const rowBytes = members.reduce((sum, { name }) => sum + name.length + MEMBER_BYTES, 0);
  const out = new JsonWriter(Math.min(rowBytes * length + 64, PIECE_BYTES + PIECE_BYTES / 8));
  out.writeByte(OPEN_LIST!);
  for (let index = 0; index < length; index += 1) {
    if (index > 0) out.writeByte(COMMA!);
    write(out, index);
    if (out.length >= PIECE_BYTES) yield out.flush();
  }
  out.writeByte(CLOSE_LIST!);
  yield out.flush();
}

function objectWriter(written: WrittenRows, members: readonly RowMember[]): WriteMember {
  const writers = members.map((member, at) =>
    memberWriter(written, member, `${at === 0 ? '{' : ','}${JSON.stringify(member.name)}:`),
  );
  return (out, index) => {
    for (let at = 0; at < writers.length; at += 1) writers[at]!(out, index);
    if (writers.length === 0) out.json('{');
    out.writeByte(CLOSE_OBJECT!);
  };
}

function toBytes(json: string): PaddedBytes {
  return padBytes(Buffer.from(json));
}

/** @param open the JSON before the member's value. The first member opens the object. */
function memberWriter(written: WrittenRows, member: RowMember, open: string): WriteMember {
  switch (member.kind) {
    case 'constant':
      return constantWriter(open + member.json);
    case 'origin':
      return constantWriter(open + written.originJson(member.field));
    case 'cursor':
      return textWriter(open, (index) => written.cursorOf(index));
    case 'label': {
      const valueOf = createLabelReader(written.source.columns, member.dimension);
      return textWriter(open, (index) => valueOf(written.rows[index]!));
    }
    case 'entityId':
      return entityIdWriter(written, member, open);
    case 'object':
      return nestedObjectWriter(written, member, open);
    case 'labels':
      return repeatedWriter(written, written.source.columns.lists[member.field], open, (row) =>
        toLabelsJson(labelsAt(written.source.columns, member.field, row), member.members),
      );
    case 'field':
      return fieldWriter(written, member.field, open);
  }
}

function nestedObjectWriter(written: WrittenRows, { requires, members }: Member<'object'>, open: string): WriteMember {
  const { rows } = written;
  const { columns } = written.source;
  const write = objectWriter(written, members);
  const codes = requires.map((name) => columns.names[name].codes);
  const prefix = toBytes(open);
  return (out, index) => {
    out.copy(prefix);
    // Code 0 stands for null.
    if (codes.some((column) => column[rows[index]!] === 0)) out.null();
    else write(out, index);
  };
}

function fieldWriter(written: WrittenRows, field: Member<'field'>['field'], open: string): WriteMember {
  const { rows, source } = written;
  const { columns, reportCost } = source;
  if (isName(field)) return nameWriter(written, field, open);
  switch (field) {
    case 'id':
      return idWriter(written, open);
    case 'scaleOpsId':
      return textWriter(open, (index) => scaleOpsIdAt(columns, rows[index]!));
    case 'services':
      return repeatedWriter(written, columns.lists.services, open, (row) => JSON.stringify(servicesAt(columns, row)));
    case 'share': {
      const { units, scale } = columns.numbers.totalCost;
      const prefix = toBytes(open);
      return (out, index) => {
        const cost = units[rows[index]!]! / scale;
        out.copy(prefix);
        out.json(String(Number.isNaN(cost) ? null : shareOf(cost, reportCost)));
      };
    }
    default: {
      const { units, scale } = columns.numbers[field];
      const decimals = Math.round(Math.log10(scale));
      const prefix = toBytes(open);
      return (out, index) => {
        out.copy(prefix);
        out.number(units[rows[index]!]!, scale, decimals);
      };
    }
  }
}

function constantWriter(text: string): WriteMember {
  const json = toBytes(text);
  return (out) => {
    out.copy(json);
  };
}

/** An id has no character that JSON escapes. */
function idWriter({ source, rows }: WrittenRows, open: string): WriteMember {
  const ids = source.ids();
  const prefix = toBytes(`${open}"${toReportId(source.origin.request)}`);
  return (out, index) => {
    out.rowId(prefix, ids, rows[index]!);
  };
}

function entityIdWriter({ source, rows }: WrittenRows, { type, key }: Member<'entityId'>, open: string): WriteMember {
  const names = key.map((field) => source.columns.names[field]);
  return textWriter(open, (index) =>
    toEntityId(
      type,
      names.map((column) => nameOf(column, column.codes[rows[index]!]!) ?? ''),
    ),
  );
}

/** Texts that differ from row to row. */
function textWriter(open: string, textAt: (index: number) => string | null): WriteMember {
  const prefix = toBytes(open);
  return (out, index) => {
    out.copy(prefix);
    out.json(JSON.stringify(textAt(index)));
  };
}

function nameWriter(written: WrittenRows, field: NameField, open: string): WriteMember {
  const { rows, source } = written;
  const column = source.columns.names[field];
  const texts = column.values.jsonSafe?.();
  if (texts === undefined) {
    return repeatedWriter(written, column.codes, open, (row) => JSON.stringify(nameOf(column, column.codes[row]!)));
  }
  const { codes } = column;
  const textPrefix = toBytes(`${open}"`);
  const nullMember = toBytes(`${open}null`);
  return (out, index) => {
    const code = codes[rows[index]!]!;
    if (code === 0) out.copy(nullMember);
    else out.text(textPrefix, texts, code);
  };
}

/** How many bytes of JSON one member retains, for rows with the same value. */
const MAX_REPEATED_BYTES = 1_048_576;

/** Values by their codes: many rows share few values, so the JSON of each is reused. */
function repeatedWriter(
  { rows }: WrittenRows,
  codes: Uint32Array,
  open: string,
  toJson: (row: number) => string,
): WriteMember {
  const jsonByCode = new Map<number, PaddedBytes>();
  let bytes = 0;
  return (out, index) => {
    const row = rows[index]!;
    let json = jsonByCode.get(codes[row]!);
    if (json === undefined) {
      json = toBytes(open + toJson(row));
      if (bytes > MAX_REPEATED_BYTES) {
        jsonByCode.clear();
        bytes = 0;
      }
      jsonByCode.set(codes[row]!, json);
      bytes += json.length;
    }
    out.copy(json);
  };
}

function isName(field: string): field is NameField {
  return (NAME_FIELDS as readonly string[]).includes(field);
}

function toLabelsJson(labels: readonly Label[] | null, members: readonly LabelMember[]): string {
  if (labels === null) return 'null';
  const objects = labels.map((label) => {
    const texts = members.map((member) => {
      const json = member.kind === 'constant' ? member.json : JSON.stringify(label[member.kind]);
      return `${JSON.stringify(member.name)}:${json}`;
    });
    return `{${texts.join()}}`;
  });
  return `[${objects.join()}]`;
}
