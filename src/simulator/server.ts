// The simulator's HTTP server. It checks requests in the order of a real server: path, method, token, content type, body,
// parameters. Every error is `{"error": "..."}`, a form that the vendor does not document.

import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createAggregatedReport } from './aggregated-report.js';
import { errorResponse, sendResponse, type SimulatedResponse } from './http-response.js';
import type { Login } from './auth/login.js';
import { BadRequest } from './parameters.js';
import { reportText } from './report.js';
import type { Host } from './selection.js';
import type { ReceivedRequest } from './received-request.js';
import type { TokenStore } from './auth/tokens.js';
import { createWorkloadsReport } from './workloads-report.js';

interface ServerOptions {
  readonly login: Login;
  readonly tokens: TokenStore;
  /** The host at the moment of the call. */
  readonly host: () => Host;
  readonly latency: (request: ReceivedRequest) => Promise<void> | void;
  readonly onRequest: (request: ReceivedRequest) => void;
}

const MAX_BODY_BYTES = 1024 * 1024;
const LOGIN_PATH = '/auth/callback';
const REPORTS = new Map([
  ['/detailedCostReport/getWorkloads', createWorkloadsReport],
  // Assumed: the vendor's documentation names the report without its path.
  ['/detailedCostReport/getAggregatedWorkloads', createAggregatedReport],
]);

/** A server that is not listening yet. */
export function createServer(options: ServerOptions): Server {
  return createHttpServer((request, response) => {
    respond(options, request)
      .catch((error: unknown) => errorResponse(500, String(error)))
      .then((simulated) => sendResponse(request, response, simulated))
      // The client closed the connection, or the simulator is closing.
      .catch(() => response.destroy());
  });
}

async function respond(options: ServerOptions, request: IncomingMessage): Promise<SimulatedResponse> {
  const text = await readText(request);
  if (text === undefined) return errorResponse(413, `body is larger than ${MAX_BODY_BYTES} bytes`);
  const received = toReceivedRequest(request, text);
  options.onRequest(received);
  const error = check(received, options.tokens);
  if (error !== undefined) return error;
  if (received.path === LOGIN_PATH) return options.login.respond(received);
  await options.latency(received);
  return respondWithReport(received, options);
}

function respondWithReport({ path, query, body }: ReceivedRequest, options: ServerOptions): SimulatedResponse {
  const createReport = REPORTS.get(path);
  if (createReport === undefined) return errorResponse(404, 'not found');
  try {
    return { status: 200, text: reportText(createReport(options.host(), query, body as object)) };
  } catch (error) {
    if (error instanceof BadRequest) return errorResponse(400, error.message);
    throw error;
  }
}

/** The error response to a request; undefined if it is valid, apart from its parameters. */
function check({ path, method, headers, body }: ReceivedRequest, tokens: TokenStore): SimulatedResponse | undefined {
  if (path !== LOGIN_PATH && !REPORTS.has(path)) return errorResponse(404, 'not found');
  if (method !== 'POST') return errorResponse(405, 'method not allowed', { allow: 'POST' });
  if (path !== LOGIN_PATH && !isLiveBearer(headers.authorization, tokens)) {
    return errorResponse(401, 'unauthorized', { 'www-authenticate': 'Bearer' });
  }
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
    return errorResponse(415, 'content type is not application/json');
  }
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  return isObject ? undefined : errorResponse(400, 'body is not a JSON object');
}

function isLiveBearer(authorization: string | undefined, tokens: TokenStore): boolean {
  const [scheme, token] = (authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && token !== undefined && tokens.isLive(token);
}

/** The body; undefined if it is larger than MAX_BODY_BYTES. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return byteCount > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

function toReceivedRequest(request: IncomingMessage, text: string): ReceivedRequest {
  const [path = '', ...query] = (request.url ?? '').split('?');
  return {
    method: request.method ?? '',
    path,
    query: new URLSearchParams(query.join('?')),
    headers: request.headers,
    body: parseBody(text),
  };
}

/** Text that is not JSON is returned as it is, for `onRequest`; `check` refuses it. */
function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
