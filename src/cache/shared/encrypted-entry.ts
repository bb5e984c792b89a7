// The format of a report in Redis: compressed, and encrypted with a key derived from the principal's secret. An entry
// names its principal and its cache key, and both are authenticated: an entry under a wrong key is ignored.
//
// Layout: magic and version (4 bytes) | header length (4) | header, JSON | nonce (12) | tag (16) | ciphertext.
// AES-256-GCM (NIST SP 800-38D) over the gzipped body of the upstream's response; everything before it is authenticated.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { readBody } from '../../upstream/http/body.js';
import type { Principal } from '../../upstream/principal.js';

/** The header of an entry. Times are milliseconds since the Unix epoch. */
interface EntryHeader {
  readonly key: string;
  readonly principalId: string;
  /** The principal's generation: a rejection of the principal ends it. */
  readonly generation: string;
  /** When the upstream request was sent, and when its response had arrived. */
  readonly requestedAt: number;
  readonly receivedAt: number;
}

const MAGIC = Buffer.from('SCG2', 'latin1');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const ZLIB_FASTEST = { level: 1 };

/** Encrypts `body`, the body of the upstream's response. */
export async function encryptEntry(header: EntryHeader, body: Buffer, { encryptionKey }: Principal): Promise<Buffer> {
  const compressed = await promisify<Buffer, object, Buffer>(gzip)(body, ZLIB_FASTEST);
  const headerBytes = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(headerBytes.length);
  const authenticated = Buffer.concat([MAGIC, length, headerBytes]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, encryptionKey(), nonce).setAAD(authenticated);
  const encrypted = [cipher.update(compressed), cipher.final()];
  return Buffer.concat([authenticated, nonce, cipher.getAuthTag(), ...encrypted]);
}

/** The header, not yet authenticated: it shows cheaply whether to decrypt. Undefined for anything but an entry. */
export function parseHeader(entry: Buffer): EntryHeader | undefined {
  const end = headerEnd(entry);
  if (end === undefined) return undefined;
  try {
    const header = JSON.parse(entry.toString('utf8', 8, end)) as EntryHeader;
    const { key, principalId, generation, requestedAt, receivedAt } = header;
    const hasNames = [key, principalId, generation].every((value) => typeof value === 'string');
    return hasNames && [requestedAt, receivedAt].every(Number.isFinite) ? header : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The decrypted body, in blocks, so that decompressing 70 MB does not block the event loop. Undefined for an entry that
 * was altered or encrypted for another principal.
 */
export async function decryptEntry(
  entry: Buffer,
  { encryptionKey }: Principal,
  maxBytes: number,
): Promise<Buffer[] | undefined> {
  const end = headerEnd(entry);
  if (end === undefined || entry.length < end + NONCE_BYTES + TAG_BYTES) return undefined;
  const tagAt = end + NONCE_BYTES;
  const bodyAt = tagAt + TAG_BYTES;
  try {
    const decipher = createDecipheriv(CIPHER, encryptionKey(), entry.subarray(end, tagAt))
      .setAAD(entry.subarray(0, end))
      .setAuthTag(entry.subarray(tagAt, bodyAt));
    const compressed = Buffer.concat([decipher.update(entry.subarray(bodyAt)), decipher.final()]);
    return await readBody(Readable.from([compressed]), 'gzip', { maxBytes });
  } catch {
    return undefined;
  }
}

/** The offset of the end of the header; undefined for anything but an entry of this version. */
function headerEnd(entry: Buffer): number | undefined {
  if (entry.length < 8 || !entry.subarray(0, 4).equals(MAGIC)) return undefined;
  const end = 8 + entry.readUInt32BE(4);
  return end <= entry.length ? end : undefined;
}
