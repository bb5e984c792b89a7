// Connections to one host or to several, through a proxy if one is configured.

import { Agent, EnvHttpProxyAgent, fetch as undiciFetch, Pool, type Dispatcher } from 'undici';

import { UpstreamError } from '../../errors.js';
import { toTransportError } from './errors.js';

/** The proxies by the scheme of the requested URL, each an `http:` or `https:` URL. May contain credentials. */
export interface ProxySettings {
  readonly httpProxy: string | undefined;
  readonly httpsProxy: string | undefined;
  /** Hosts that need no proxy: names, which include subdomains, with or without a port, separated by commas. */
  readonly noProxy: string | undefined;
}

/** How long connecting to a host, or through a proxy, may take: a healthy host is faster. */
const CONNECT_TIMEOUT_MS = 5_000;

/** The deadline of a call covers its response, and the wait for a connection. */
const NO_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 };

/** A dispatcher for requests to one origin over at most `connections` connections. The caller must destroy it. */
export function createDispatcher(origin: string, connections: number, proxy?: ProxySettings): Dispatcher {
  const options = { ...NO_TIMEOUTS, connections, connect: { timeout: CONNECT_TIMEOUT_MS } };
  return proxy === undefined ? new Pool(origin, options) : createProxyAgent(options, proxy);
}

/** `fetch` through the proxy; Node's own fetch takes no dispatcher of another version of undici. */
export function createProxiedFetch(proxy: ProxySettings): typeof fetch {
  const dispatcher = createProxyAgent({ connect: { timeout: CONNECT_TIMEOUT_MS } }, proxy);
  const fetchViaProxy: unknown = (...[url, init]: Parameters<typeof undiciFetch>) =>
    undiciFetch(url, { ...init, dispatcher });
  return fetchViaProxy as typeof fetch;
}

function createProxyAgent(options: Agent.Options, { httpProxy, httpsProxy, noProxy }: ProxySettings): Dispatcher {
  return new EnvHttpProxyAgent({
    ...options,
    proxyTls: { timeout: CONNECT_TIMEOUT_MS },
    // Otherwise a proxy that never opens the tunnel blocks the connection for undici's default of five minutes.
    clientFactory: (url, rest) => withProxyErrors(new Pool(url, { ...rest, headersTimeout: CONNECT_TIMEOUT_MS })),
    // Empty instead of undefined: otherwise undici reads the environment itself.
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? httpProxy ?? '',
    noProxy: noProxy ?? '',
  });
}

/** Marks failures of the proxy, to distinguish them from failures of the host behind it. */
function withProxyErrors(pool: Pool): Pool {
  const connect = pool.connect.bind(pool);
  return Object.assign(pool, {
    async connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
      const tunnel = await connect(options).catch((error: unknown) => {
        throw pool.destroyed ? error : toProxyError(toTransportError(error));
      });
      if (tunnel.statusCode === 200) return tunnel;
      tunnel.socket.on('error', () => undefined).destroy();
      throw new UpstreamError('UPSTREAM_UNAVAILABLE', { reason: `proxy: HTTP ${tunnel.statusCode}` });
    },
  });
}

function toProxyError(error: unknown): unknown {
  if (!(error instanceof UpstreamError)) return error;
  const { reason, retry } = error;
  return new UpstreamError('UPSTREAM_UNAVAILABLE', { reason: `proxy: ${reason}`, retry });
}
