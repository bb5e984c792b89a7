// Rows as JSON, written straight from the columns: fields that are not selected are not read, and no row object is made.

import { labelsAt, nameOf, scaleOpsIdAt, servicesAt } from '../columns/cells.js';
import { NAME_FIELDS, type NameField } from '../columns/columns.js';
import { shareOf } from '../columns/share.js';
import { padBytes, type PaddedBytes } from '../columns/words.js';
import { createLabelReader } from '../query/label-lookup.js';
import { toReportId } from '../request.js';
import type { RowSource } from '../row.js';
import { toEntityId } from '../opaque-id.js';
import { JsonWriter } from './json-writer.js';
import { toListJson } from './label-json.js';
import type { OriginField, RowMember } from './row-members.js';

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

/** Writes a member of the n-th row. */
type Write = (out: JsonWriter, index: number) => void;

const [COMMA, OPEN_LIST, CLOSE_LIST, CLOSE_OBJECT] = Buffer.from(',[]}');
/** The size of a piece: about a millisecond of work. */
const PIECE_BYTES = 65_536;
/** An estimate per member, without its name; the buffer grows when it is too low. */
const MEMBER_BYTES = 24;

/** The rows as a JSON list, in pieces of some 64 KiB. Without members each row is an empty object. */
export function* writeRows(written: WrittenRows, members: readonly RowMember[]): Generator<Buffer, void> {
  const { length } = written.rows;
  const write = writeObject(written, members);
  const names = members.reduce((sum, { name }) => sum + name.length + MEMBER_BYTES, 0);
  const out = new JsonWriter(Math.min(names * length + 64, PIECE_BYTES + PIECE_BYTES / 8));
  out.writeByte(OPEN_LIST!);
  for (let index = 0; index < length; index += 1) {
    if (index > 0) out.writeByte(COMMA!);
    write(out, index);
    if (out.length >= PIECE_BYTES) yield out.flush();
  }
  out.writeByte(CLOSE_LIST!);
  yield out.flush();
}

function writeObject(written: WrittenRows, members: readonly RowMember[]): Write {
  const writes = members.map((member, at) => toWrite(written, member, opening(member, at)));
  return (out, index) => {
    for (let at = 0; at < writes.length; at += 1) writes[at]!(out, index);
    if (writes.length === 0) out.json('{');
    out.writeByte(CLOSE_OBJECT!);
  };
}

/** The JSON before a member's value: the first member opens the object. */
function opening({ name }: { readonly name: string }, at: number): string {
  return `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`;
}

function toBytes(json: string): PaddedBytes {
  return padBytes(Buffer.from(json));
}

function toWrite(written: WrittenRows, member: RowMember, open: string): Write {
  switch (member.kind) {
    case 'constant':
      return writeConstant(open + member.json);
    case 'origin':
      return writeConstant(open + written.originJson(member.field));
    case 'cursor':
      return writeText(open, (index) => written.cursorOf(index));
    case 'label': {
      const valueOf = createLabelReader(written.source.columns, member.dimension);
      return writeText(open, (index) => valueOf(written.rows[index]!));
    }
    case 'entityId':
      return writeEntityId(written, member, open);
    case 'object':
      return writeInner(written, member, open);
    case 'labels':
      return writeRepeated(written, written.source.columns.lists[member.field], open, (row) =>
        toListJson(labelsAt(written.source.columns, member.field, row), member.members),
      );
    case 'field':
      return writeField(written, member.field, open);
  }
}

function writeInner(written: WrittenRows, { needs, members }: Member<'object'>, open: string): Write {
  const { rows } = written;
  const { columns } = written.source;
  const write = writeObject(written, members);
  const codes = needs.map((name) => columns.names[name].codes);
  const before = toBytes(open);
  return (out, index) => {
    out.copy(before);
    // Code 0 stands for null.
    if (codes.some((of) => of[rows[index]!] === 0)) out.null();
    else write(out, index);
  };
}

function writeField(written: WrittenRows, field: Member<'field'>['field'], open: string): Write {
  const { rows, source } = written;
  const { columns, reportCost } = source;
  if (isName(field)) return writeName(written, field, open);
  switch (field) {
    case 'id':
      return writeId(written, open);
    case 'scaleOpsId':
      return writeText(open, (index) => scaleOpsIdAt(columns, rows[index]!));
    case 'services':
      return writeRepeated(written, columns.lists.services, open, (row) => JSON.stringify(servicesAt(columns, row)));
    case 'share': {
      const { units, scale } = columns.numbers.totalCost;
      const before = toBytes(open);
      return (out, index) => {
        const cost = units[rows[index]!]! / scale;
        const share = cost === cost ? shareOf(cost, reportCost) : null;
        out.copy(before);
        out.json(String(share));
      };
    }
    default: {
      const { units, scale } = columns.numbers[field];
      const decimals = Math.round(Math.log10(scale));
      const before = toBytes(open);
      return (out, index) => {
        out.copy(before);
        out.number(units[rows[index]!]!, scale, decimals);
      };
    }
  }
}

function writeConstant(text: string): Write {
  const json = toBytes(text);
  return (out) => {
    out.copy(json);
  };
}

/** An id has no character that JSON escapes. */
function writeId({ source, rows }: WrittenRows, open: string): Write {
  const ids = source.ids();
  const before = toBytes(`${open}"${toReportId(source.origin.request)}`);
  return (out, index) => {
    out.rowId(before, ids, rows[index]!);
  };
}

function writeEntityId({ source, rows }: WrittenRows, { type, key }: Member<'entityId'>, open: string): Write {
  const names = key.map((field) => source.columns.names[field]);
  return writeText(open, (index) =>
    toEntityId(
      type,
      names.map((column) => nameOf(column, column.codes[rows[index]!]!) ?? ''),
    ),
  );
}

/** Texts that differ from row to row. */
function writeText(open: string, textAt: (index: number) => string | null): Write {
  const before = toBytes(open);
  return (out, index) => {
    out.copy(before);
    out.json(JSON.stringify(textAt(index)));
  };
}

function writeName(written: WrittenRows, field: NameField, open: string): Write {
  const { rows, source } = written;
  const column = source.columns.names[field];
  const texts = column.values.jsonSafe?.();
  if (texts === undefined) {
    return writeRepeated(written, column.codes, open, (row) => JSON.stringify(nameOf(column, column.codes[row]!)));
  }
  const { codes } = column;
  const openText = toBytes(`${open}"`);
  const none = toBytes(`${open}null`);
  return (out, index) => {
    const code = codes[rows[index]!]!;
    if (code === 0) out.copy(none);
    else out.text(openText, texts, code);
  };
}

/** How many bytes of JSON one member retains for further rows with the same value. */
const MAX_REPEATED_BYTES = 1_048_576;

/** Values by their codes: many rows share few values, so the JSON of each is reused. */
function writeRepeated(
  { rows }: WrittenRows,
  codes: Uint32Array,
  open: string,
  toJson: (row: number) => string,
): Write {
  const known = new Map<number, PaddedBytes>();
  let bytes = 0;
  return (out, index) => {
    const row = rows[index]!;
    let json = known.get(codes[row]!);
    if (json === undefined) {
      json = toBytes(open + toJson(row));
      if (bytes > MAX_REPEATED_BYTES) {
        known.clear();
        bytes = 0;
      }
      known.set(codes[row]!, json);
      bytes += json.length;
    }
    out.copy(json);
  };
}

function isName(field: string): field is NameField {
  return (NAME_FIELDS as readonly string[]).includes(field);
}
