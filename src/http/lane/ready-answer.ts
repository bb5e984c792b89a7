// An answer in bytes, as it is kept: all but its end, which tells how old it is. Of long ones a compressed form is kept
// beside the plain one, once somebody wants it, and ends in the same way: what comes last is not compressed.

import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

import type { OperationFacts } from '../observation.js';

export interface ReadyAnswer {
  readonly facts: OperationFacts;
  /** Without the end. */
  readonly byteLength: number;
  /** What it may take in memory, the compressed form too. */
  readonly keptBytes: number;
  /** The whole answer with this end. */
  plain(end: string): readonly Buffer[];
  /** The same as gzip (RFC 1952). */
  gzip(end: string): Promise<readonly Buffer[]>;
}

/** @param opening all but the end, in pieces. */
export function createReadyAnswer(facts: OperationFacts, opening: readonly Buffer[]): ReadyAnswer {
  const byteLength = opening.reduce((sum, { length }) => sum + length, 0);
  const plain = rememberLast((end) => [...opening, Buffer.from(end)]);
  let compressed: Promise<(end: string) => readonly Buffer[]> | undefined;
  return {
    facts,
    byteLength,
    // Names and numbers are compressed to a fifth or less.
    keptBytes: Math.ceil(1.5 * byteLength),
    plain,
    async gzip(end) {
      compressed ??= compress(Buffer.concat(opening)).then(rememberLast);
      return (await compressed)(end);
    },
  };
}

/** What was made last: the end is the same for a second. */
function rememberLast<T>(make: (end: string) => T): (end: string) => T {
  let last: { readonly end: string; readonly made: T } | undefined;
  return (end) => {
    if (last?.end !== end) last = { end, made: make(end) };
    return last.made;
  };
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
