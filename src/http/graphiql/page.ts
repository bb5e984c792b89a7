// The GraphiQL page as an HTTP resource. It is rendered and compressed when it is first asked for; all clients share the
// compressed buffers.

import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createGunzip, gzip } from 'node:zlib';

import type { HeadersByName } from '../../auth/authentication.js';
import type { ResponseBody } from '../http-message.js';
import type { Page, PageContent } from '../pages/page.js';
import { chooseEncodings, prefersHtml } from '../response/format.js';
import { matchesTag } from '../response/entity-tag.js';
import { renderDocument, type GraphiQLSettings } from './document.js';

interface RenderedPage {
  readonly gzip: Buffer;
  readonly br: Buffer;
  readonly etag: string;
  readonly policy: string;
}

/** Level 6 takes 0.3 s for the page, and level 9 four times as long for 3 % less. The window covers the whole page. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 6, [constants.BROTLI_PARAM_LGWIN]: 24 } };

const NO_GRAPHIQL = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>ScaleOps costs</title>
  <p>GraphiQL is off: this gateway executes only the operations of its list (GATEWAY_TRUSTED_DOCUMENTS), and nothing that
  is typed here could run. Send a listed operation by POST with its <code>documentId</code>.</p>
</html>
`;

/** For browsers, which accept HTML; the requests of other clients go on to GraphQL. A query in the URL is filled in. */
export function createGraphiQLPage(settings: GraphiQLSettings): Page {
  let rendering: Promise<RenderedPage> | undefined;
  const render = async (headers: HeadersByName): Promise<PageContent> => {
    rendering ??= renderPage(settings);
    // The next request tries again.
    rendering.catch(() => (rendering = undefined));
    const page = await rendering;
    return toContent(page, headers.get('if-none-match'), headers.get('accept-encoding'));
  };
  return forBrowsers(render);
}

/** Says why there is no GraphiQL where only the operations of a list may run. */
export const trustedDocumentsPage: Page = forBrowsers(() => ({
  status: 404,
  headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', vary: 'accept' },
  body: [Buffer.from(NO_GRAPHIQL)],
}));

function forBrowsers(render: (headers: HeadersByName) => PageContent | Promise<PageContent>): Page {
  return ({ method, headers }) => {
    const isBrowser = (method === 'GET' || method === 'HEAD') && prefersHtml(headers.get('accept'));
    return isBrowser ? render(headers) : undefined;
  };
}

function toContent(page: RenderedPage, given: string | null, accepts: string | null): PageContent {
  const { etag, policy } = page;
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    vary: 'accept, accept-encoding',
    etag,
    'content-security-policy': policy,
  };
  if (matchesTag(given, etag)) return { status: 304, headers };
  const encoding = chooseEncodings(accepts).find((name) => name === 'br' || name === 'gzip');
  if (encoding === undefined) return { status: 200, headers, body: decompress(page.gzip) };
  return { status: 200, headers: { ...headers, 'content-encoding': encoding }, body: [page[encoding]] };
}

/** As fast as the client reads, so that a client that does not read holds next to nothing. */
function decompress(compressed: Buffer): ResponseBody {
  const gunzip = createGunzip();
  pipeline(Readable.from([compressed]), gunzip, () => undefined);
  return gunzip;
}

async function renderPage(settings: GraphiQLSettings): Promise<RenderedPage> {
  const html = await renderDocument(settings);
  const [gzipped, br] = await Promise.all([
    promisify<string, Buffer>(gzip)(html),
    promisify<string, typeof BROTLI, Buffer>(brotliCompress)(html, BROTLI),
  ]);
  // Weak: the page has the same tag in each encoding.
  const etag = `W/"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"`;
  return { gzip: gzipped, br, etag, policy: toPolicy(html) };
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
