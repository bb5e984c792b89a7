// Rows as JSON, written straight from the columns: what is not asked for is not looked at, and no row is ever made.

import { idAt, labelsAt, servicesAt } from '../columns/cells.js';
import { NAME_FIELDS, type Columns, type LabelField, type NameField, type NumberField } from '../columns/columns.js';
import { JsonSink } from './json-writer.js';
import type { Label } from '../columns/label.js';
import type { PlainTexts } from '../columns/strings.js';
import { shareOf } from '../query/totals.js';
import { toWords, type Words } from '../columns/words.js';

/** A member of a label: its key, its value, or a constant in JSON. */
export type LabelMember = { readonly name: string } & (
  { readonly kind: 'key' | 'value' } | { readonly kind: 'constant'; readonly json: string }
);

/** A member of a row's JSON object, called `name` there. */
export type RowMember = { readonly name: string } & (
  | { readonly kind: 'field'; readonly field: 'id' | 'share' | 'services' | NameField | NumberField }
  | { readonly kind: 'labels'; readonly field: LabelField; readonly members: readonly LabelMember[] }
  /** An object that is null where the row lacks one of these names. */
  | { readonly kind: 'object'; readonly needs: readonly NameField[]; readonly members: readonly RowMember[] }
  | { readonly kind: 'cursor' }
  | { readonly kind: 'constant'; readonly json: string }
);

/** What rows are written of. */
export interface WrittenRows {
  readonly columns: Columns;
  /** Their numbers, in the order in which they are written. */
  readonly rows: Uint32Array;
  /** The names of a column as JSON. */
  readonly textsOf: (field: NameField) => PlainTexts;
  /** The whole report's totalCost. */
  readonly reportCost: () => number;
  /** The cursor of the n-th of them. */
  readonly cursorOf: (index: number) => string;
}

/** Writes the n-th row's part. */
type Write = (sink: JsonSink, index: number) => void;

const [COMMA, OPEN_LIST, CLOSE_LIST, CLOSE_OBJECT] = Buffer.from(',[]}');
/** How much is written in one go: a few milliseconds' work. */
const CHUNK_BYTES = 262_144;
/** Of a member, its name not counted; a guess, from which the buffer grows. */
const MEMBER_BYTES = 24;

/**
 * The rows as a JSON list, in pieces of some 256 KiB. Each is made when it is asked for, so that somebody else may have a
 * turn in between. Without members each row is an empty object.
 */
export function* writeRows(written: WrittenRows, members: readonly RowMember[]): Generator<Buffer, void> {
  const { length } = written.rows;
  const write = writeObject(written, members);
  const names = members.reduce((sum, { name }) => sum + name.length + MEMBER_BYTES, 0);
  const sink = new JsonSink(Math.min(names * length + 64, CHUNK_BYTES + CHUNK_BYTES / 8));
  sink.byte(OPEN_LIST!);
  for (let index = 0; index < length; index += 1) {
    if (index > 0) sink.byte(COMMA!);
    write(sink, index);
    if (sink.length >= CHUNK_BYTES) yield sink.take();
  }
  sink.byte(CLOSE_LIST!);
  yield sink.take();
}

function writeObject(written: WrittenRows, members: readonly RowMember[]): Write {
  const writes = members.map((member, at) => toWrite(written, member, opening(member, at)));
  return (sink, index) => {
    for (let at = 0; at < writes.length; at += 1) writes[at]!(sink, index);
    if (writes.length === 0) sink.json('{');
    sink.byte(CLOSE_OBJECT!);
  };
}

const OPENINGS = new Map<string, Words>();
const MAX_OPENINGS = 1_024;
const MAX_OPENING_LENGTH = 64;

/** Bytes that are made once for all reports: what stands before members has few forms. */
function knownPiece(open: string): Words {
  let words = OPENINGS.get(open);
  if (words !== undefined) return words;
  words = piece(open);
  if (OPENINGS.size >= MAX_OPENINGS) OPENINGS.clear();
  if (open.length <= MAX_OPENING_LENGTH) OPENINGS.set(open, words);
  return words;
}

/** What stands before a member's value: the first one opens the object. */
function opening({ name }: { readonly name: string }, at: number): string {
  return `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`;
}

function piece(json: string): Words {
  return toWords(Buffer.from(json));
}

function toWrite(written: WrittenRows, member: RowMember, open: string): Write {
  switch (member.kind) {
    case 'constant': {
      const json = piece(open + member.json);
      return (sink) => {
        sink.copy(json);
      };
    }
    case 'cursor':
      return writeText(open, (index) => written.cursorOf(index));
    case 'object':
      return writeInner(written, member, open);
    case 'labels':
      return writeLists(written, written.columns.lists[member.field], open, (row) =>
        toListJson(labelsAt(written.columns, member.field, row), member.members),
      );
    case 'field':
      return writeField(written, member.field, open);
  }
}

function writeInner(
  written: WrittenRows,
  { needs, members }: RowMember & { readonly kind: 'object' },
  open: string,
): Write {
  const { columns, rows } = written;
  const write = writeObject(written, members);
  const codes = needs.map((name) => columns.names[name].codes);
  const before = knownPiece(open);
  return (sink, index) => {
    sink.copy(before);
    // The first name of each column stands for none.
    if (codes.some((of) => of[rows[index]!] === 0)) sink.null();
    else write(sink, index);
  };
}

function writeField(
  written: WrittenRows,
  field: (RowMember & { readonly kind: 'field' })['field'],
  open: string,
): Write {
  const { columns, rows } = written;
  if (isName(field)) return writeName(written, field, open);
  switch (field) {
    case 'id':
      return writeText(open, (index) => idAt(columns, rows[index]!));
    case 'services':
      return writeLists(written, columns.lists.services, open, (row) => JSON.stringify(servicesAt(columns, row)));
    case 'share': {
      const reportCost = written.reportCost();
      const { units, scale } = columns.numbers.totalCost;
      const before = knownPiece(open);
      return (sink, index) => {
        const cost = units[rows[index]!]! / scale;
        const share = cost === cost ? shareOf(cost, reportCost) : null;
        sink.copy(before);
        sink.json(String(share));
      };
    }
    default: {
      const { units, scale } = columns.numbers[field];
      const decimals = Math.round(Math.log10(scale));
      const before = knownPiece(open);
      return (sink, index) => {
        sink.copy(before);
        sink.number(units[rows[index]!]!, scale, decimals);
      };
    }
  }
}

/** Texts that are made for each row. */
function writeText(open: string, textAt: (index: number) => string): Write {
  const before = knownPiece(open);
  return (sink, index) => {
    sink.copy(before);
    sink.json(JSON.stringify(textAt(index)));
  };
}

function writeName({ columns, rows, textsOf }: WrittenRows, field: NameField, open: string): Write {
  const { codes } = columns.names[field];
  const texts = textsOf(field);
  const openText = knownPiece(`${open}"`);
  const none = knownPiece(`${open}null`);
  return (sink, index) => {
    const code = codes[rows[index]!]!;
    if (code === 0) sink.copy(none);
    else sink.text(openText, texts, code);
  };
}

/** Lists by their codes: a report has few for all of its rows, and each is made once. */
function writeLists({ rows }: WrittenRows, codes: Uint32Array, open: string, toJson: (row: number) => string): Write {
  const known: Words[] = [];
  return (sink, index) => {
    const row = rows[index]!;
    sink.copy((known[codes[row]!] ??= piece(open + toJson(row))));
  };
}

function toListJson(labels: readonly Label[] | null, members: readonly LabelMember[]): string {
  return labels === null ? 'null' : `[${labels.map((label) => toLabelJson(label, members)).join()}]`;
}

function toLabelJson(label: Label, members: readonly LabelMember[]): string {
  const texts = members.map((member) => {
    const json = member.kind === 'constant' ? member.json : JSON.stringify(label[member.kind]);
    return `${JSON.stringify(member.name)}:${json}`;
  });
  return `{${texts.join()}}`;
}

function isName(field: string): field is NameField {
  return (NAME_FIELDS as readonly string[]).includes(field);
}
