// A gateway with callers and permissions: by API keys, or by tokens of an issuer.

import { pino } from 'pino';

import type { Clock } from '../../src/clock.js';
import { readConfig, type Config } from '../../src/config/config.js';
import { createGateway } from '../../src/app/gateway.js';
import { sendQuery, PLAIN_REQUESTS, TOKEN, type GraphqlResponse, type TestGateway } from './gateway.js';

export interface RestrictedOptions {
  readonly url: string;
  /** The content of GATEWAY_SCOPES; undefined means that every caller sees everything. */
  readonly permissions: object | undefined;
  /** Callers by API key, with a key per name. Otherwise `env` configures authentication. */
  readonly callers?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Changes the configuration in ways that no setting allows. */
  readonly change?: (config: Config) => Config;
}

export interface RestrictedGateway extends TestGateway {
  sendAs(
    caller: string,
    query: string,
    variables?: unknown,
    headers?: Record<string, string>,
  ): Promise<GraphqlResponse>;
}

/** A secret that must not leak. */
export function keyOf(caller: string): string {
  return `canary-key-of-${caller}`;
}

const NO_BREAKER_SETTINGS = {
  SCALEOPS_MAX_ATTEMPTS: '1',
  SCALEOPS_BREAKER_FAILURES: '1000',
  SCALEOPS_BREAKER_MIN_CALLS: '10000',
  SCALEOPS_MAX_QUEUED: '1000',
};

export function startRestrictedGateway({
  url,
  permissions,
  callers,
  env,
  clock,
  change,
}: RestrictedOptions): RestrictedGateway {
  const log: Record<string, unknown>[] = [];
  const byKey = callers && {
    GATEWAY_AUTH: 'api-key',
    GATEWAY_API_KEYS: callers.map((name) => `${name}:${keyOf(name)}`).join(),
  };
  const { config } = readConfig(
    {
      SCALEOPS_URL: url,
      SCALEOPS_TOKEN: TOKEN,
      PORT: '0',
      ...PLAIN_REQUESTS,
      ...NO_BREAKER_SETTINGS,
      ...byKey,
      ...(permissions && { GATEWAY_SCOPES: 'permissions.json' }),
      ...env,
    },
    () => JSON.stringify(permissions),
  );
  const logger = pino(
    { level: 'trace', base: null },
    { write: (line: string) => log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const gateway = createGateway(change?.(config) ?? config, { logger, ...(clock && { clock }) });
  const sendToGateway: TestGateway['send'] = (query, variables, init) =>
    sendQuery((request) => gateway.fetch(request), query, variables, init);
  return {
    gateway,
    log,
    send: sendToGateway,
    sendAs: (caller, query, variables, headers) =>
      sendToGateway(query, variables, { headers: { 'x-api-key': keyOf(caller), ...headers } }),
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}
