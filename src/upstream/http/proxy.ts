// Connections to one host or to several, through the proxy of the environment where there is one.

import { Agent, EnvHttpProxyAgent, fetch as undiciFetch, Pool, type Dispatcher } from 'undici';

import { UpstreamError } from '../../errors.js';
import { toTransportError } from './errors.js';

/** The proxies by the scheme of the URL that is requested, each an `http:` or `https:` URL. May hold credentials. */
export interface ProxySettings {
  readonly httpProxy: string | undefined;
  readonly httpsProxy: string | undefined;
  /** Hosts that are connected to directly: names with their subdomains, with or without a port, separated by commas. */
  readonly noProxy: string | undefined;
}

/** How long a connection, or the tunnel of a proxy, may take: a host that is up is faster. */
const CONNECT_TIMEOUT_MS = 5_000;

/** The deadline of a call covers the response, and the wait for a connection besides. */
const NO_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 };

/** A dispatcher for requests to one origin, over at most so many connections. To be destroyed by its creator. */
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
    // A proxy that accepts a connection and never opens the tunnel would block it for undici's five minutes.
    clientFactory: (url, rest) => namingTheProxy(new Pool(url, { ...rest, headersTimeout: CONNECT_TIMEOUT_MS })),
    // Empty instead of undefined: undici reads the environment itself otherwise.
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? httpProxy ?? '',
    noProxy: noProxy ?? '',
  });
}

/** Connections to a proxy, whose failures say that they are not those of the host behind it. */
function namingTheProxy(pool: Pool): Pool {
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
