// The GraphiQL page as an HTTP resource. It is rendered and compressed at its first request; all responses share the buffers.

import { hash } from 'node:crypto';

import type { HeadersByName } from '../../auth/authentication.js';
import type { Page, PageContent } from '../pages/page.js';
import { chooseEncoding, compressForCache } from '../response/compress.js';
import { chooseEncodings, prefersHtml } from '../response/format.js';
import { matchesTag, toETag } from '../response/entity-tag.js';
import { renderDocument, type GraphiQLSettings } from './document.js';

const NO_GRAPHIQL = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>ScaleOps costs</title>
  <p>GraphiQL is off: this gateway executes only the operations of its list (GATEWAY_TRUSTED_DOCUMENTS), and nothing that
  is typed here could run. Send a listed operation by POST with its <code>documentId</code>.</p>
</html>
`;

/** For browsers, which accept HTML; other requests are for GraphQL. GraphiQL opens with the query of the URL. */
export function createGraphiQLPage(settings: GraphiQLSettings): Page {
  let rendering: ReturnType<typeof renderPage> | undefined;
  return forBrowsers(async (headers) => {
    rendering ??= renderPage(settings);
    // The next request tries again.
    rendering.catch(() => (rendering = undefined));
    const page = await rendering;
    if (matchesTag(headers.get('if-none-match'), page.headers.etag)) return { status: 304, headers: page.headers };
    const { encoding, body } = page[chooseEncoding(chooseEncodings(headers.get('accept-encoding')), true)];
    const coding = encoding === 'identity' ? undefined : { 'content-encoding': encoding };
    return { status: 200, headers: { ...page.headers, ...coding }, body };
  });
}

/** Explains why there is no GraphiQL where only listed operations may run. */
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

async function renderPage(settings: GraphiQLSettings) {
  const html = await renderDocument(settings);
  const bytes = Buffer.from(html);
  const [identity, gzip, br] = await Promise.all([
    compressForCache(bytes, 'identity'),
    compressForCache(bytes, 'gzip'),
    compressForCache(bytes, 'br'),
  ]);
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    vary: 'accept, accept-encoding',
    // Weak: the page has the same tag in each encoding.
    etag: `W/${toETag([bytes])}`,
    'content-security-policy': toPolicy(html),
  };
  return { identity, gzip, br, headers };
}

/** Allows the page's own scripts, by their hashes, their workers, inline styles, and requests to the gateway alone. */
function toPolicy(html: string): string {
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, code = '']) => {
    return `'sha256-${hash('sha256', code, 'base64')}'`;
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
