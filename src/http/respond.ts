// The HTTP response to a GraphQL request: serializes, compresses and caches the body, and writes the headers.

import type { ExecutionResult } from 'graphql';

import type { Clock } from '../clock.js';
import type { GatewayContext } from '../loaders/context.js';
import type { LoadStats } from '../loaders/load-stats.js';
import type { GraphQLRequest } from './graphql-request.js';
import { byteLength, isStream, type HttpResponse, type ResponseBody } from './http-message.js';
import { MAX_CACHED_BYTES, type CachedResponse, type CachedResponses } from './operations/cached-responses.js';
import { gather, toBody } from './response/body.js';
import { computeAge, toCacheHeaders, toFreshnessExtension, type ResponseAge } from './response/cache-headers.js';
import { toStatusAndHeaders } from './response/client-errors.js';
import { chooseEncoding, compressBody, compressForCache, type EncodedBody } from './response/compress.js';
import type { Cors } from './response/cors.js';
import { matchesTag, toETag } from './response/entity-tag.js';
import { formatErrors, type ErrorFormat } from './response/error-format.js';
import type { Encoding } from './response/format.js';
import { CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from './response/security-headers.js';
import { serializeResult, toEventStream } from './response/serialize.js';
import type { FieldTrace } from './steps/inline-trace.js';

interface RespondOptions {
  readonly responses: CachedResponses;
  readonly errorFormat: ErrorFormat;
  readonly cors: Cors;
  /** Whether shared caches may store fresh responses (CACHE_CONTROL). */
  readonly cacheScope: 'private' | 'public';
  /** The request headers on which a response depends, for `Vary`. */
  readonly variesBy: string;
  readonly clock: Clock;
}

interface Content extends EncodedBody {
  readonly status: number;
  /** Undefined when clients may not cache the response. */
  readonly age?: ResponseAge | undefined;
  readonly etag?: string | undefined;
  /** Names and values, alternating. */
  readonly headers?: readonly string[];
}

interface ExecutionOutcome {
  readonly result: ExecutionResult;
  readonly context: GatewayContext;
  /** The key of the response in the response cache. */
  readonly keyFor: (encoding: Encoding) => string;
  readonly trace: FieldTrace | undefined;
}

export type Responder = ReturnType<typeof createResponder>;

export function createResponder(options: RespondOptions) {
  const { errorFormat, clock } = options;
  const toResponse = createHeaders(options);

  const refuse = async (request: GraphQLRequest, formatted: ExecutionResult): Promise<HttpResponse> => {
    request.result = 'error';
    const { status, headers } = toStatusAndHeaders(formatted.errors ?? [], request.format.kind === 'json');
    const body = toFormat(request, [...serializeResult(formatted)]);
    const encoded = await compressBody(body, request.format.encodings);
    // GraphQL over SSE sends its errors as events.
    return toResponse(request, { ...encoded, headers, status: request.format.kind === 'event-stream' ? 200 : status });
  };

  return {
    /** A response without data. */
    refused: (request: GraphQLRequest, result: ExecutionResult) =>
      refuse(request, formatErrors(result, request, errorFormat)),
    /** A response from the response cache. */
    cached: (request: GraphQLRequest, response: CachedResponse, stats: LoadStats): HttpResponse =>
      toResponse(request, { status: 200, age: computeAge(stats, clock.now()), ...response }),
    /** The response to an operation that was executed. */
    async executed(
      request: GraphQLRequest,
      { result: executed, context, keyFor, trace }: ExecutionOutcome,
    ): Promise<HttpResponse> {
      const formatted = formatErrors(executed, request, errorFormat);
      if (formatted.data === undefined) return refuse(request, formatted);
      const withErrors = formatted.data === null ? 'error' : 'partial';
      request.result = formatted.errors === undefined ? 'ok' : withErrors;
      const result = trace?.addTo(formatted) ?? formatted;
      const age = computeAge(context.stats, clock.now());
      const extensions = age === undefined ? result.extensions : { ...toFreshnessExtension(age), ...result.extensions };
      const pieces = serializeResult(extensions === undefined ? result : { ...result, extensions });
      const { runComputation, budget } = context;
      const onBytes = (count: number): void => {
        budget.chargeBytes(count);
      };
      const body = toFormat(request, await toBody(pieces, { runComputation, onBytes }));
      // Clients may not cache a response with errors; `extensions.freshness` still says how old its data is.
      const isComplete = result.errors === undefined && trace === undefined;
      const isCacheable = isComplete && age?.isStale === false && request.format.kind !== 'event-stream';
      const encoded = isCacheable
        ? await cacheBody(options.responses, { request, body, stats: context.stats, keyFor })
        : await compressBody(body, request.format.encodings);
      return toResponse(request, { status: 200, age: isComplete ? age : undefined, ...encoded });
    },
  };
}

function toFormat({ format }: GraphQLRequest, body: ResponseBody): ResponseBody {
  return format.kind === 'event-stream' ? toEventStream(body) : body;
}

interface Cacheable {
  readonly request: GraphQLRequest;
  readonly body: ResponseBody;
  readonly stats: LoadStats;
  readonly keyFor: (encoding: Encoding) => string;
}

/** Compresses a body, and caches it when its key came before. */
async function cacheBody(
  responses: CachedResponses,
  { request, body, stats, keyFor }: Cacheable,
): Promise<EncodedBody & { readonly etag?: string }> {
  const { encodings } = request.format;
  const encoding = chooseEncoding(encodings, true);
  const key = keyFor(encoding);
  if (!responses.tryStart(key)) return compressBody(body, encodings);
  let cached: CachedResponse | undefined;
  try {
    const gathered = await gather(body, MAX_CACHED_BYTES);
    if (isStream(gathered)) return await compressBody(gathered, encodings);
    const encoded = await compressForCache(Buffer.concat(gathered), encoding);
    cached = { ...encoded, etag: toETag(encoded.body) };
    return cached;
  } finally {
    responses.settle(key, cached, stats);
  }
}

/** Writes the headers. A GET whose entity tag the client has gets 304 (RFC 9110, section 13.1.2). */
function createHeaders({ cors, cacheScope, variesBy }: RespondOptions) {
  const varyAlways = cors.variesByOrigin ? ['origin'] : [];
  return (request: GraphQLRequest, { status, headers = [], age, etag, encoding, body }: Content): HttpResponse => {
    const isCacheable = age !== undefined && age.freshSeconds > 0;
    const vary = isCacheable ? [...varyAlways, variesBy] : varyAlways;
    // A stream has no tag: its bytes are not known before they are sent.
    const tag =
      request.http.method === 'GET' && status === 200
        ? (etag ?? (isStream(body) ? undefined : toETag(body)))
        : undefined;
    const common = [
      'x-request-id',
      request.id,
      'content-security-policy',
      CONTENT_SECURITY_POLICY,
      ...SECURITY_HEADERS,
      ...cors.headersFor(request.http),
      ...toCacheHeaders(age, cacheScope),
      ...headers,
      ...(vary.length > 0 ? ['vary', vary.join(', ')] : []),
      ...(tag === undefined ? [] : ['etag', tag]),
    ];
    if (tag !== undefined && matchesTag(request.http.headers.get('if-none-match'), tag)) {
      return { status: 304, headers: common, body: [] };
    }
    const length = isStream(body) ? [] : ['content-length', String(byteLength(body))];
    const coding = encoding === 'identity' ? [] : ['content-encoding', encoding];
    return { status, headers: ['content-type', request.format.contentType, ...common, ...coding, ...length], body };
  };
}
