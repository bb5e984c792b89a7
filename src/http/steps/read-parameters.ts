// Reads the parameters of a request from its URL or body: GraphQL over HTTP, with `documentId` for persisted documents.
// https://graphql.github.io/graphql-over-http/draft/

import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

import type { HeadersByName } from '../../auth/authentication.js';
import { GatewayError } from '../../errors.js';
import { bodyTooLarge, type HttpRequest } from '../http-message.js';

/** Members are null when the client omitted them or sent null. */
export interface Parameters {
  readonly query: string | null;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly extensions: Readonly<Record<string, unknown>> | null;
  readonly documentId: string | null;
}

const NAMES: readonly string[] = ['query', 'operationName', 'variables', 'extensions', 'documentId'];

/** @throws GatewayError BAD_USER_INPUT, UNSUPPORTED_MEDIA_TYPE, REQUEST_ENTITY_TOO_LARGE. */
export async function readParameters(request: HttpRequest, maxBytes: number): Promise<Parameters> {
  if (request.method === 'GET') {
    checkGetContentType(request.headers);
    return toParameters(readSearch(request.search));
  }
  checkPostContentType(request.headers);
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding !== '' && !Object.hasOwn(DECODERS, encoding)) {
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', {
      message: 'The content-encoding is not supported. Use gzip, deflate or br, or omit the header.',
    });
  }
  const decompress = DECODERS[encoding];
  const body = await request.readBody(maxBytes);
  return toParameters(parseBody(decompress === undefined ? body : await decode(body, decompress, maxBytes)));
}

const JSON_TYPE = /^application\/(?:json|graphql\+json)\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/gi;

/** Web pages can send forms and plain text without a preflight, so only JSON is accepted. */
function checkPostContentType(headers: HeadersByName): void {
  const type = headers.get('content-type') ?? '';
  if (!JSON_TYPE.test(type)) throw new GatewayError('UNSUPPORTED_MEDIA_TYPE');
  // Other parameters have no meaning (RFC 8259, section 11).
  if (Array.from(type.matchAll(CHARSET)).some(([, charset = '']) => !/^utf-?8$/i.test(charset))) {
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', {
      message: 'The charset is not supported. Use utf-8, or omit it.',
    });
  }
}

/** A GET has no body; a content type other than JSON comes from a form or a probe. */
function checkGetContentType(headers: HeadersByName): void {
  const type = headers.get('content-type') ?? '';
  if (type === '' || /^application\/json\s*(?:;|$)/i.test(type)) return;
  throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', {
    message: 'The content type of a GET must be application/json, or omitted.',
  });
}

type Decompress = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: Readonly<Record<string, Decompress | undefined>> = {
  identity: undefined,
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

async function decode(body: Buffer, decompress: Decompress, maxBytes: number): Promise<Buffer> {
  try {
    return await decompress(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge(maxBytes);
    return refuse('The body cannot be decompressed by its content-encoding.');
  }
}

function parseBody(body: Buffer): Readonly<Record<string, unknown>> {
  const parsed = parseJson(body.toString(), 'The request body must be valid JSON.');
  if (isObject(parsed)) return parsed;
  if (Array.isArray(parsed)) refuse('Batched operations are not supported: send one operation per request.');
  return refuse('The request body must be a JSON object.');
}

function readSearch(search: string): Readonly<Record<string, unknown>> {
  const values = new URLSearchParams(search);
  const parseValue = (name: string): unknown => {
    const text = values.get(name);
    if (name !== 'variables' && name !== 'extensions') return text;
    return text === null || text === '' ? null : parseJson(text, `${name} must be valid JSON.`);
  };
  return Object.fromEntries(NAMES.map((name) => [name, parseValue(name)]));
}

function parseJson(text: string, message: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse(message);
  }
}

/** @throws GatewayError BAD_USER_INPUT that names the parameter and its type. */
function toParameters(given: Readonly<Record<string, unknown>>): Parameters {
  const unknown = Object.keys(given).find((name) => !NAMES.includes(name));
  if (unknown !== undefined)
    refuse(`${unknown.slice(0, 64)} is not a parameter of a request; there are ${NAMES.join(', ')}.`);
  return {
    query: readText(given, 'query'),
    operationName: readText(given, 'operationName'),
    variables: readObject(given, 'variables') ?? {},
    extensions: readObject(given, 'extensions'),
    documentId: readText(given, 'documentId'),
  };
}

function readText(given: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = given[name] ?? null;
  return value === null || typeof value === 'string' ? value : refuse(`${name} must be a string.`);
}

function readObject(given: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> | null {
  const value = given[name] ?? null;
  return value === null || isObject(value) ? value : refuse(`${name} must be a JSON object.`);
}

function refuse(message: string): never {
  throw new GatewayError('BAD_USER_INPUT', { message });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
