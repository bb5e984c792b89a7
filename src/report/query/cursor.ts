// Cursors: opaque texts that identify a row of one ordered list. A cursor contains the row's index and id, and a checksum
// over both and over the list, so that a cursor of another list is refused. The checksum is no secret: a forged cursor shows
// no row that the list would not show.

import { createHash } from 'node:crypto';

const CHECKSUM_LENGTH = 11;

interface RowPosition {
  readonly index: number;
  readonly id: string;
}

/** Reads and writes the cursors of one list. */
export interface CursorCodec {
  encode(row: RowPosition): string;
  /** Null for a text that is not a cursor of this list. */
  decode(cursor: string): RowPosition | null;
}

/** @param nameList identifies the list; called for the first cursor only, as the name may be long. */
export function createCursorCodec(nameList: () => unknown): CursorCodec {
  let list: Buffer | undefined;
  const checksum = (text: string): string => {
    list ??= createHash('sha256').update(JSON.stringify(nameList())).digest();
    return createHash('sha256').update(list).update(text).digest('base64url').slice(0, CHECKSUM_LENGTH);
  };
  const encode = ({ index, id }: RowPosition): string => {
    const text = `${index}.${id}`;
    return Buffer.from(checksum(text) + text).toString('base64url');
  };
  return {
    encode,
    decode(cursor) {
      const text = Buffer.from(cursor, 'base64url').toString();
      const [, digits, id] = /^(\d{1,9})\.([\w-]*)$/.exec(text.slice(CHECKSUM_LENGTH)) ?? [];
      if (digits === undefined || id === undefined) return null;
      const row = { index: Number(digits), id };
      // base64url decoding ignores stray characters, so compare with the canonical form.
      return encode(row) === cursor ? row : null;
    },
  };
}
