// The GraphiQL page: one HTML document with all its code inside, so that it works with no other host in reach. Made and
// compressed at the first visit: it is 9 MB of text, which a gateway that nobody explores need not hold.

import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { EXAMPLE_TABS } from './examples.js';
import type { DoorPlugin } from '../../request-state.js';

interface Page {
  readonly html: string;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly policy: string;
}

/** Where callers have to say who they are: the header to fill in. With `forward` any token shows the documentation. */
const CREDENTIALS = {
  none: undefined,
  forward: { authorization: 'Bearer YOUR-SCALEOPS-TOKEN' },
  jwt: { authorization: 'Bearer YOUR-TOKEN' },
  'api-key': { 'x-api-key': 'YOUR-KEY' },
} as const;

/** Answers browsers at `path` with GraphiQL. Everyone else goes on to GraphQL. */
export function useGraphiQLPage(path: string, access: keyof typeof CREDENTIALS): DoorPlugin {
  let page: Promise<Page> | undefined;
  return {
    async onRequest({ request, url, endResponse, fetchAPI }) {
      const isBrowser = request.method === 'GET' && request.headers.get('accept')?.includes('text/html') === true;
      // A browser that follows a link with a query in it gets the page too, with the query filled in.
      if (!isBrowser || url.pathname !== path) return;
      const { html, gzip: gzipped, etag, policy } = await (page ??= renderPage(access));
      const headers = {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        vary: 'accept, accept-encoding',
        etag,
        'content-security-policy': policy,
      };
      if (request.headers.get('if-none-match') === etag) {
        endResponse(new fetchAPI.Response(null, { status: 304, headers }));
      } else if (request.headers.get('accept-encoding')?.includes('gzip') === true) {
        endResponse(new fetchAPI.Response(gzipped, { headers: { ...headers, 'content-encoding': 'gzip' } }));
      } else {
        endResponse(new fetchAPI.Response(html, { headers }));
      }
    },
  };
}

async function renderPage(access: keyof typeof CREDENTIALS): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const headers = CREDENTIALS[access];
  const withToken = headers === undefined ? {} : { headers: JSON.stringify(headers, null, 2) };
  const html = renderGraphiQL({
    title: 'ScaleOps costs',
    // A POST makes a browser drop what it keeps of the same URL (RFC 9111, section 4.4), the page itself that is.
    endpoint: '?graphiql',
    // Those of each tab, and those that the schema is asked for with.
    defaultTabs: EXAMPLE_TABS.map((tab) => ({ ...tab, ...withToken })),
    ...withToken,
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
    schemaDescription: true,
  });
  const compressed = new Uint8Array(await promisify(gzip)(html));
  const etag = `"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"`;
  return { html, gzip: compressed, etag, policy: toPolicy(html) };
}

/**
 * What the page may do: run its own scripts, known by their hashes, and workers that these make; style itself as the
 * editor does, by style elements and attributes; and ask us. It reaches no other host, whatever gets into it.
 */
function toPolicy(html: string): string {
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, code = '']) => {
    return `'sha256-${createHash('sha256').update(code).digest('base64')}'`;
  });
  return [
    "default-src 'none'",
    `script-src ${scripts.join(' ')}`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'font-src data:',
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
