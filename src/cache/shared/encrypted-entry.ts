// How a report lies in the memory that replicas share: compressed, and sealed with the principal's own key, so that only
// who could ask ScaleOps for it can read it. An entry carries whose it is and what was asked for, and both are verified:
// whatever stands under a key by mistake or by malice is no report.
//
// Layout: magic and version (4 bytes) | length of the header (4) | header, JSON | nonce (12) | tag (16) | ciphertext.
// AES-256-GCM (NIST SP 800-38D) over the gzipped text of the upstream's answer; all before it is authenticated with it.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { readBody } from '../../upstream/http/body.js';
import type { Principal } from '../../upstream/principal.js';

/** What an entry says of itself. Times are milliseconds since the Unix epoch. */
export interface EntryHeader {
  readonly key: string;
  readonly principalId: string;
  /** The principal's generation: another one after each refusal. */
  readonly generation: string;
  /** When the upstream was asked, and when it gave its answer. */
  readonly askedAt: number;
  readonly asOf: number;
}

const MAGIC = Buffer.from('SCG1', 'latin1');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const ZLIB_FASTEST = { level: 1 };

/** Seals `body`, the text of the upstream's answer. */
export async function sealEntry(header: EntryHeader, body: Buffer, { sealingKey }: Principal): Promise<Buffer> {
  const compressed = await promisify<Buffer, object, Buffer>(gzip)(body, ZLIB_FASTEST);
  const headerBytes = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(headerBytes.length);
  const opening = Buffer.concat([MAGIC, length, headerBytes]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, sealingKey, nonce).setAAD(opening);
  const sealed = [cipher.update(compressed), cipher.final()];
  return Buffer.concat([opening, nonce, cipher.getAuthTag(), ...sealed]);
}

/** The header as it claims to be, to see cheaply whether the rest is of interest; undefined for what is no entry. */
export function peekHeader(entry: Buffer): EntryHeader | undefined {
  const end = endOfHeader(entry);
  if (end === undefined) return undefined;
  try {
    const { key, principalId, generation, askedAt, asOf } = JSON.parse(entry.toString('utf8', 8, end)) as EntryHeader;
    const isWhole = [key, principalId, generation].every((each) => typeof each === 'string');
    return isWhole && Number.isFinite(askedAt) && Number.isFinite(asOf)
      ? { key, principalId, generation, askedAt, asOf }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The text that was sealed, in blocks: 70 MB in one go would hold up everybody else. Undefined unless every byte is as it
 * was sealed, with this principal's key.
 */
export async function unsealEntry(
  entry: Buffer,
  { sealingKey }: Principal,
  maxBytes: number,
): Promise<Buffer[] | undefined> {
  const end = endOfHeader(entry);
  if (end === undefined || entry.length < end + NONCE_BYTES + TAG_BYTES) return undefined;
  const tagAt = end + NONCE_BYTES;
  const bodyAt = tagAt + TAG_BYTES;
  try {
    const decipher = createDecipheriv(CIPHER, sealingKey, entry.subarray(end, tagAt))
      .setAAD(entry.subarray(0, end))
      .setAuthTag(entry.subarray(tagAt, bodyAt));
    const compressed = Buffer.concat([decipher.update(entry.subarray(bodyAt)), decipher.final()]);
    return await readBody(Readable.from([compressed]), 'gzip', { maxBytes });
  } catch {
    return undefined;
  }
}

/** Where the header ends; undefined when this is no entry of this version. */
function endOfHeader(entry: Buffer): number | undefined {
  if (entry.length < 8 || !entry.subarray(0, 4).equals(MAGIC)) return undefined;
  const end = 8 + entry.readUInt32BE(4);
  return end <= entry.length ? end : undefined;
}
