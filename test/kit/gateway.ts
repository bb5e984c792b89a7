// A gateway in front of the simulator, composed as in the process, with the parts that a test counts or controls.

import { pino } from 'pino';

import { readConfig } from '../../src/config/config.js';
import type { Clock } from '../../src/clock.js';
import { createGateway, type Gateway } from '../../src/app/gateway.js';
import type { ReceivedRequest } from '../../src/simulator/received-request.js';
import { createSimulator, type SimulatorOptions } from '../../src/simulator/simulator.js';

export const TOKEN = 'test-token-that-must-not-leak';

/** For callers with more concurrent requests than the default limits allow. */
export const UNLIMITED = {
  GATEWAY_MAX_TOKENS: 'off',
  GATEWAY_MAX_DEPTH: 'off',
  GATEWAY_MAX_ALIASES: 'off',
  GATEWAY_MAX_ROOT_FIELDS: 'off',
  GATEWAY_MAX_DIRECTIVES: 'off',
  GATEWAY_MAX_FRAGMENTS: 'off',
  GATEWAY_MAX_REPEATED_FIELDS: 'off',
  GATEWAY_MAX_UPSTREAM_CALLS: 'off',
  GATEWAY_MAX_COST: 'off',
} as const;

/** For tests that count timers: the deadline of an operation would add one more. */
export const NO_TIMER = { GATEWAY_TIMEOUT_MS: 'off' };

/** A GraphQL response, parsed. */
export interface GraphqlResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly data: any;
  readonly errors: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Readonly<Record<string, unknown>> & { readonly code: string };
  }[];
  readonly text: string;
}

export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  /** Sends an operation through `gateway.fetch`. */
  send(query: string, variables?: unknown, init?: RequestInit): Promise<GraphqlResponse>;
  /** The lines of the log so far. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
}

/** Sends `multiCluster` only when the filter has it, so tests compare requests that follow from the filter alone. */
export const PLAIN_REQUESTS = { SCALEOPS_MULTI_CLUSTER: 'off' };

/** A gateway on any upstream, with PLAIN_REQUESTS. */
export function startGateway(url: string, env: Record<string, string> = {}, clock?: Clock): TestGateway {
  const log: Record<string, unknown>[] = [];
  const { config } = readConfig({ SCALEOPS_URL: url, SCALEOPS_TOKEN: TOKEN, PORT: '0', ...PLAIN_REQUESTS, ...env });
  const logger = pino(
    { level: 'trace', base: null },
    { write: (line: string) => log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const gateway = createGateway(config, { logger, ...(clock && { clock }) });
  return {
    gateway,
    log,
    send: (query, variables, init) => sendQuery((request) => gateway.fetch(request), query, variables, init),
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}

/** The codes of the errors, in order. */
export function codesOf({ errors }: GraphqlResponse): readonly unknown[] {
  return errors.map(({ extensions }) => extensions.code);
}

/** Sends one operation as JSON. */
export async function sendQuery(
  fetchResponse: (request: Request) => Promise<Response>,
  query: string,
  variables?: unknown,
  init: RequestInit = {},
  url = 'http://gateway/graphql',
): Promise<GraphqlResponse> {
  const response = await fetchResponse(
    new Request(url, {
      method: 'POST',
      body: JSON.stringify({ query, variables }),
      ...init,
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        ...(init.headers as Record<string, string> | undefined),
      },
    }),
  );
  const text = await response.text();
  const { data, errors } = JSON.parse(text) as Partial<GraphqlResponse>;
  return { status: response.status, headers: response.headers, data: data as unknown, errors: errors ?? [], text };
}

export interface TestStack extends TestGateway {
  /** The requests to the simulator, in order. */
  readonly received: readonly ReceivedRequest[];
}

/** A gateway on its own simulator of 50 workloads. */
export async function startStack(
  options: {
    readonly env?: Record<string, string>;
    readonly clock?: Clock;
    readonly simulator?: SimulatorOptions;
  } = {},
): Promise<TestStack> {
  const received: ReceivedRequest[] = [];
  const simulator = createSimulator({
    workloads: 50,
    token: TOKEN,
    now: () => Date.UTC(2026, 0, 31),
    onRequest: (request) => received.push(request),
    ...options.simulator,
  });
  const gateway = startGateway(await simulator.listen(), options.env, options.clock);
  return {
    ...gateway,
    received,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await simulator.close();
    },
  };
}
