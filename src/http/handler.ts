// The gateway's HTTP interface: GraphQL at /graphql, and the pages beside it.

import type { Logger } from 'pino';

import { GatewayError } from '../errors.js';
import type { HttpRequest, HttpResponse } from './http-message.js';
import { toErrorPage, toPageResponse, type Page, type PageContent } from './pages/page.js';
import type { Pipeline } from './pipeline.js';
import type { Cors } from './response/cors.js';
import { logDefect } from './response/error-format.js';

export const GRAPHQL_PATH = '/graphql';

interface HandlerOptions {
  readonly pipeline: Pipeline;
  readonly cors: Cors;
  /** Undefined when GraphiQL is off. */
  readonly graphiql: Page | undefined;
  /** By path. */
  readonly pages: ReadonlyMap<string, Page>;
  readonly logger: Logger;
}

/** Never rejects: a defect is logged, and its response is 500. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>;

export function createHandler({ pipeline, cors, graphiql, pages, logger }: HandlerOptions): HttpHandler {
  const findGraphQLPage: Page = (request) => cors.respondToPreflight(request) ?? graphiql?.(request);
  return async (request) => {
    try {
      const path = withoutTrailingSlash(request.path);
      const page = path === GRAPHQL_PATH ? await findGraphQLPage(request) : await findPage(pages, path, request);
      return page === undefined ? await pipeline(request) : toPageResponse(request, page);
    } catch (error) {
      const page = toErrorPage(request, new GatewayError('INTERNAL_SERVER_ERROR'));
      logDefect(logger, error, page.headers['x-request-id'] ?? '');
      return toPageResponse(request, page);
    }
  };
}

async function findPage(pages: ReadonlyMap<string, Page>, path: string, request: HttpRequest): Promise<PageContent> {
  const page = pages.get(path);
  if (page === undefined) return NOT_FOUND;
  // RFC 9110, section 15.5.6
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const error = new GatewayError('METHOD_NOT_ALLOWED', { message: 'Use GET.' });
    return toErrorPage(request, error, { allow: 'GET, HEAD' });
  }
  return (await page(request)) ?? NOT_FOUND;
}

const NOT_FOUND: PageContent = { status: 404, headers: {} };

/** Redirects `/` to GraphiQL. A relative Location is valid behind any proxy. */
export const redirectPage: Page = () => ({ status: 302, headers: { location: GRAPHQL_PATH } });

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
