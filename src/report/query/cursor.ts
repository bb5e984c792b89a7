// Cursors: opaque texts that name a row of one ordered list. A cursor holds the row's place and id, and a check over
// both and over the list it belongs to, so that a forged, cut or foreign one is noticed. It is no secret: whoever makes
// one up sees no row that the list would not show.

import { createHash } from 'node:crypto';

const CHECK_LENGTH = 11;

export interface RowPlace {
  readonly place: number;
  readonly id: string;
}

/** Reads and writes the cursors of one list. */
export interface CursorCodec {
  encode(row: RowPlace): string;
  /** Null for what is no cursor of this list. */
  decode(cursor: string): RowPlace | null;
}

/** `nameList` gives what names the list, and is called when there is a cursor to read or to write: it may be long. */
export function createCursorCodec(nameList: () => unknown): CursorCodec {
  let list: Buffer | undefined;
  const checkOf = (text: string): string => {
    list ??= createHash('sha256').update(JSON.stringify(nameList())).digest();
    return createHash('sha256').update(list).update(text).digest('base64url').slice(0, CHECK_LENGTH);
  };
  const encode = ({ place, id }: RowPlace): string => {
    const text = `${place}.${escapeId(id)}`;
    return Buffer.from(checkOf(text) + text).toString('base64url');
  };
  return {
    encode,
    decode(cursor) {
      const text = Buffer.from(cursor, 'base64url').toString();
      const [, digits, id] = /^(\d{1,9})\.(.*)$/s.exec(text.slice(CHECK_LENGTH)) ?? [];
      if (digits === undefined || id === undefined) return null;
      const row = { place: Number(digits), id: unescapeId(id) };
      // Decoding forgives stray characters; only a text that would be written just so is a cursor.
      return encode(row) === cursor ? row : null;
    },
  };
}

// Half a surrogate pair has no UTF-8 and would come back as another character, the cursor's row never found again.
function escapeId(id: string): string {
  return id.replace(/[%\p{Surrogate}]/gu, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function unescapeId(text: string): string {
  return text.replace(/%([\da-f]{4})/g, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
}
