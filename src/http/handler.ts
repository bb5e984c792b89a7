// The gateway's HTTP interface: GraphQL at /graphql, and the pages beside it.

import type { Logger } from 'pino';

import { GatewayError, statusOf } from '../errors.js';
import { readRequestId } from './graphql-request.js';
import type { HttpRequest, HttpResponse } from './http-message.js';
import { refuseMethod, toPageResponse, type Page, type PageContent } from './pages/page.js';
import type { Pipeline } from './pipeline.js';
import { toErrorBody } from './response/client-errors.js';
import type { Cors } from './response/cors.js';
import { logDefect } from './response/error-format.js';

/** Where GraphQL is served. */
export const GRAPHQL_PATH = '/graphql';

export interface HandlerOptions {
  readonly pipeline: Pipeline;
  readonly cors: Cors;
  /** Undefined when GraphiQL is off. */
  readonly graphiql: Page | undefined;
  /** By path. */
  readonly pages: ReadonlyMap<string, Page>;
  readonly logger: Logger;
}

/** Never rejects: a defect is answered with 500, and logged. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>;

export function createHandler({ pipeline, cors, graphiql, pages, logger }: HandlerOptions): HttpHandler {
  const answerGraphQL = async (request: HttpRequest): Promise<HttpResponse> => {
    const preflight = cors.answerPreflight(request);
    if (preflight !== undefined) return toPageResponse(request, preflight);
    const page = await graphiql?.(request);
    return page === undefined ? pipeline(request) : toPageResponse(request, page);
  };
  return async (request) => {
    try {
      const path = withoutTrailingSlash(request.path);
      if (path === GRAPHQL_PATH) return await answerGraphQL(request);
      return toPageResponse(request, await findPage(pages, path, request));
    } catch (error) {
      const requestId = readRequestId(request.headers);
      logDefect(logger, error, requestId);
      return toDefectResponse(request, requestId);
    }
  };
}

async function findPage(pages: ReadonlyMap<string, Page>, path: string, request: HttpRequest): Promise<PageContent> {
  const page = pages.get(path);
  if (page === undefined) return NOT_FOUND;
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuseMethod(request);
  return (await page(request)) ?? NOT_FOUND;
}

const NOT_FOUND: PageContent = { status: 404, headers: {} };

/** `/` leads to GraphQL, where a browser finds GraphiQL. A relative Location is right behind any proxy. */
export const redirectsToGraphQL: Page = () => ({ status: 302, headers: { location: GRAPHQL_PATH } });

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function toDefectResponse(request: HttpRequest, requestId: string): HttpResponse {
  const error = new GatewayError('INTERNAL_SERVER_ERROR');
  return toPageResponse(request, {
    status: statusOf(error.code),
    headers: {
      'x-request-id': requestId,
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    },
    body: [Buffer.from(toErrorBody(error, requestId))],
  });
}
