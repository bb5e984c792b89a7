// An HTTP client that returns every header, and the bytes before they are decoded.

import { once } from 'node:events';
import { request as sendRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

import { startStack, type TestStack } from '../gateway.js';

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body as sent. */
  readonly bytes: Buffer;
  /** The body without its content-encoding. */
  readonly text: string;
}

export interface HttpRequestOptions {
  readonly method?: string;
  /** Path and query string. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON; several buffers are sent as chunks. */
  readonly body?: object | string | Buffer | readonly Buffer[];
}

/** Sends one request; resolves when its response begins. Sends a POST of JSON to /graphql by default. */
export async function open(
  url: string,
  { method = 'POST', path = '/graphql', headers = {}, body }: HttpRequestOptions,
): Promise<IncomingMessage> {
  const type = method === 'POST' ? { 'content-type': 'application/json' } : {};
  const request = sendRequest(new URL(path, url), { method, headers: { ...type, ...headers } });
  const isPlain = typeof body === 'object' && !Buffer.isBuffer(body) && !Array.isArray(body);
  if (Array.isArray(body)) for (const chunk of body as readonly Buffer[]) request.write(chunk);
  const rest = isPlain ? JSON.stringify(body) : (body as string | Buffer);
  if (body === undefined || Array.isArray(body)) request.end();
  else request.setHeader('content-length', Buffer.byteLength(rest)).end(rest);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

/** Sends one request and reads the whole response. */
export async function send(url: string, query: HttpRequestOptions): Promise<HttpReply> {
  const response = await open(url, query);
  const bytes = await buffer(response);
  const { headers, statusCode = 0 } = response;
  return { status: statusCode, headers, bytes, text: decode(bytes, headers['content-encoding']) };
}

function decode(bytes: Buffer, encoding: string | undefined): string {
  if (bytes.length === 0 || encoding === undefined) return bytes.toString();
  if (encoding === 'gzip') return gunzipSync(bytes).toString();
  if (encoding === 'br') return brotliDecompressSync(bytes).toString();
  throw new Error(`unknown content-encoding: ${encoding}`);
}

/** A gateway that listens, closed when the test ends. */
export async function startServer(
  options: Parameters<typeof startStack>[0] = {},
): Promise<{ readonly stack: TestStack; readonly url: string }> {
  const stack = await startStack(options);
  onTestFinished(() => stack[Symbol.asyncDispose]());
  return { stack, url: await stack.gateway.listen() };
}

/** For each operation in the log, in order: whether its response came from the response cache. */
export function cacheHitsOf({ log }: Pick<TestStack, 'log'>): boolean[] {
  return log.filter(({ msg }) => msg === 'operation').map(({ responseCacheHit }) => responseCacheHit === true);
}
