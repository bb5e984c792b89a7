// The proxy of the environment: HTTPS_PROXY, HTTP_PROXY and NO_PROXY. The lower-case name wins, as in curl.

import type { ProxySettings } from '../../upstream/http/proxy.js';
import type { Source } from './reader.js';

/** Undefined without a proxy. A problem names the variable, never its value: it may hold a password. */
export function readProxy({ env, problems }: Source): ProxySettings | undefined {
  const read = (name: string): string | undefined =>
    [env[name.toLowerCase()], env[name]].map((value) => value?.trim()).find(Boolean);
  const readUrl = (name: string): string | undefined => {
    const text = read(name);
    if (text === undefined) return undefined;
    const url = text.includes('://') ? text : `http://${text}`;
    if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
    problems.push(`${name} must be the http:// or https:// URL of a proxy.`);
    return undefined;
  };
  const httpProxy = readUrl('HTTP_PROXY');
  const httpsProxy = readUrl('HTTPS_PROXY');
  if (httpProxy === undefined && httpsProxy === undefined) return undefined;
  return { httpProxy, httpsProxy, noProxy: read('NO_PROXY') };
}
