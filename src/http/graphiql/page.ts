// The GraphiQL page: one HTML document with all its code inside, so that it works where no other host can be reached. It is
// rendered and compressed when it is first asked for; all clients share the one compressed buffer.

import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';

import type { HeadersByName } from '../../auth/authentication.js';
import type { ResponseBody } from '../http-message.js';
import type { Page, PageContent } from '../pages/page.js';
import { chooseEncodings, prefersHtml } from '../response/format.js';
import { matchesTag } from '../response/entity-tag.js';
import { EXAMPLE_TABS } from './examples.js';

interface RenderedPage {
  readonly compressed: Buffer;
  readonly etag: string;
  readonly policy: string;
}

/** The header to fill in where callers must authenticate. With `forward` any token shows the documentation. */
const CREDENTIALS = {
  none: undefined,
  forward: { authorization: 'Bearer YOUR-SCALEOPS-TOKEN' },
  jwt: { authorization: 'Bearer YOUR-TOKEN' },
  'api-key': { 'x-api-key': 'YOUR-KEY' },
} as const;

/** For browsers, which accept HTML; the requests of other clients go on to GraphQL. A query in the URL is filled in. */
export function createGraphiQLPage(access: keyof typeof CREDENTIALS): Page {
  let rendering: Promise<RenderedPage> | undefined;
  const render = async (headers: HeadersByName): Promise<PageContent> => {
    rendering ??= renderPage(access);
    // The next request tries again.
    rendering.catch(() => (rendering = undefined));
    const page = await rendering;
    return toContent(page, headers.get('if-none-match'), headers.get('accept-encoding'));
  };
  return ({ method, headers }) => {
    const isBrowser = (method === 'GET' || method === 'HEAD') && prefersHtml(headers.get('accept'));
    return isBrowser ? render(headers) : undefined;
  };
}

function toContent(
  { compressed, etag, policy }: RenderedPage,
  given: string | null,
  accepts: string | null,
): PageContent {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    vary: 'accept, accept-encoding',
    etag,
    'content-security-policy': policy,
  };
  if (matchesTag(given, etag)) return { status: 304, headers };
  if (chooseEncodings(accepts).includes('gzip')) {
    return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: [compressed] };
  }
  return { status: 200, headers, body: decompress(compressed) };
}

/** As fast as the client reads, so that a client that does not read holds next to nothing. */
function decompress(compressed: Buffer): ResponseBody {
  const gunzip = createGunzip();
  pipeline(Readable.from([compressed]), gunzip, () => undefined);
  return gunzip;
}

async function renderPage(access: keyof typeof CREDENTIALS): Promise<RenderedPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const headers = CREDENTIALS[access];
  const withToken = headers === undefined ? {} : { headers: JSON.stringify(headers, null, 2) };
  const html = renderGraphiQL({
    title: 'ScaleOps costs',
    // A POST makes a browser drop what it caches of the same URL (RFC 9111, section 4.4), which is the page itself.
    endpoint: '?graphiql',
    // The headers of each tab, and those of the introspection query.
    defaultTabs: EXAMPLE_TABS.map((tab) => ({ ...tab, ...withToken })),
    ...withToken,
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
    schemaDescription: true,
  });
  const compressed = await promisify<string, Buffer>(gzip)(html);
  // Weak: the page has the same tag in each encoding.
  const etag = `W/"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"`;
  return { compressed, etag, policy: toPolicy(html) };
}

/**
 * What the page may do: run its own scripts, known by their hashes, and the workers that these create; style itself as the
 * editor does, by style elements and attributes; and send requests to the gateway. It reaches no other host.
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
