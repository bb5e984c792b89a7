// An answer in bytes, as it is kept: all but its end, which tells how old it is. Of long ones a compressed form is kept
// beside the plain one, once somebody wants it, and ends in the same way: what comes last is not compressed.

import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

import { isSameAge, toFreshness, type AnswerAge, type AnswerFreshness } from '../response/cache-headers.js';
import type { OperationFacts } from '../plugins/instrumentation.js';
import type { Answered } from './response-head.js';

export interface ReadyAnswer {
  readonly facts: OperationFacts;
  /** Whether this is the body that it answers. */
  isOf(body: Buffer): boolean;
  /** What it may take in memory, with all that is kept of its forms. */
  readonly keptBytes: number;
  /** The whole answer to who asks now; `takesGzip` where it may be compressed (RFC 1952). */
  answer(told: Told, takesGzip: boolean): Answered | Promise<Answered>;
}

/** What an answer tells of its age. */
export interface Told {
  readonly age: AnswerAge | undefined;
  /** Whether clients may keep it for as long as it is fresh. */
  readonly mayBeKept: boolean;
}

/** Shorter answers gain nothing by being compressed. */
const MIN_GZIP_BYTES = 1_024;
/** Up to here a second copy in one piece with the end costs less than two pieces. */
const MAX_JOINED_BYTES = 65_536;

/**
 * @param asked the body that it answers.
 * @param opening all but the end, in pieces; in one where the answer is kept.
 */
export function createReadyAnswer(facts: OperationFacts, asked: Uint8Array, opening: readonly Buffer[]): ReadyAnswer {
  const byteLength = opening.reduce((sum, { length }) => sum + length, 0);
  // What is kept comes in one piece. For what is given once, a copy costs more than a few pieces.
  const isJoined = opening.length === 1 && byteLength <= MAX_JOINED_BYTES;
  const plain = rememberLast(false, (end) => {
    const pieces = [...opening, Buffer.from(end)];
    return isJoined ? [Buffer.concat(pieces)] : pieces;
  });
  let compressed: Promise<ReturnType<typeof rememberLast>> | undefined;
  return {
    facts,
    isOf: (body) => body.equals(asked),
    // Names and numbers are compressed to a fifth or less.
    keptBytes: Math.ceil((isJoined ? 2.5 : 1.5) * byteLength) + asked.length,
    answer(told, takesGzip) {
      if (!takesGzip || byteLength < MIN_GZIP_BYTES) return plain(told);
      compressed ??= compress(Buffer.concat(opening)).then((make) => rememberLast(true, make));
      return compressed.then((give) => give(told));
    },
  };
}

/** What an answer says of its age: in its head, and at the end of its text. */
interface Saying {
  readonly freshness: AnswerFreshness | undefined;
  readonly end: string;
}

/** Said last: for up to a second the same of all answers from the same reports. */
let lastSaid: { readonly age: AnswerAge | undefined; readonly saying: Saying } | undefined;

export function sayAge(age: AnswerAge | undefined): Saying {
  if (lastSaid === undefined || !isSameAge(lastSaid.age, age)) {
    const freshness = age && toFreshness(age);
    const end = freshness === undefined ? '}' : `,"extensions":${JSON.stringify({ freshness })}}`;
    lastSaid = { age, saying: { freshness, end } };
  }
  return lastSaid.saying;
}

/** What was made last: the age is the same for up to a second. */
function rememberLast(isGzip: boolean, make: (end: string) => readonly Buffer[]): (told: Told) => Answered {
  let last: { readonly told: Told; readonly made: Answered } | undefined;
  return (told) => {
    if (last === undefined || !isSame(last.told, told)) {
      const { freshness, end } = sayAge(told.age);
      const body = make(end);
      last = { told, made: { status: 200, freshness: told.mayBeKept ? freshness : undefined, isGzip, body } };
    }
    return last.made;
  };
}

function isSame(one: Told, other: Told): boolean {
  return one.mayBeKept === other.mayBeKept && isSameAge(one.age, other.age);
}

// Magic, deflate, no flags, no time, no extra flags, unknown system (RFC 1952, section 2.3).
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

async function compress(opening: Buffer): Promise<(end: string) => readonly Buffer[]> {
  // Flushed to whole bytes, so that more may follow.
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  const deflated = await promisify<Buffer, object, Buffer>(deflateRaw)(opening, options);
  const checksum = crc32(opening);
  return (end) => [GZIP_HEADER, deflated, toGzipEnd(Buffer.from(end), checksum, opening.length)];
}

/** The last block, stored as it is (RFC 1951, section 3.2.4), and the trailer: CRC-32 and length of all of it. */
function toGzipEnd(end: Buffer, checksum: number, length: number): Buffer {
  const frame = Buffer.alloc(5 + end.length + 8);
  frame[0] = 1;
  frame.writeUInt16LE(end.length, 1);
  frame.writeUInt16LE(0xffff - end.length, 3);
  end.copy(frame, 5);
  frame.writeUInt32LE(crc32(end, checksum), 5 + end.length);
  frame.writeUInt32LE((length + end.length) % 2 ** 32, 9 + end.length);
  return frame;
}
