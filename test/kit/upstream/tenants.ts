// A ScaleOps with different data per bearer token: both reports have one row with the tenant and one with the request,
// so a response shows its principal and its request. Tokens can be revoked, and a JWT expires with its `exp`.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as readJson } from 'node:stream/consumers';

import { systemClock, type Clock } from '../../../src/clock.js';

type Filter = Readonly<Record<string, unknown>>;

interface TenantRequest {
  /** Undefined without one. */
  readonly token: string | undefined;
  /** Undefined for an unknown token. */
  readonly tenant: string | undefined;
  /** Without the query string. */
  readonly path: string;
  readonly body: Filter;
  /** The parameters of the query string and of the body. */
  readonly filter: Filter;
}

export interface TenantsOptions {
  /** The tenant of each token. No name may be the end of another: see secretOf(). */
  readonly tokens: Readonly<Record<string, string>>;
  /** The clock for the expiry of tokens. */
  readonly clock?: Clock;
  /** Called and awaited for every request. The token is checked after it. */
  readonly onRequest?: (request: TenantRequest) => Promise<void> | void;
}

export interface Tenants extends AsyncDisposable {
  readonly url: string;
  /** The requests, in order. */
  readonly requests: readonly TenantRequest[];
  /** The number of requests with this token. */
  countOf(token: string): number;
  /** The total cost of this tenant's rows: different for each tenant. */
  costOf(tenant: string): number;
  /** Later requests with this token are refused. */
  revoke(token: string, status?: 401 | 403): void;
  restore(token: string): void;
  /** The next `count` requests get 503. */
  failNext(count: number): void;
  /** While it is down, all requests get 503. */
  setDown(isDown: boolean): void;
}

/** Part of each text that belongs to this tenant, and of no other. */
export function secretOf(tenant: string): string {
  return `${tenant}-secret`;
}

/** The name of the row with the request: equal for filters with the same meaning. */
export function requestRowName(path: string, filter: Filter): string {
  const sorted = Object.entries(filter)
    .map(([name, value]) => [name, Array.isArray(value) ? [...new Set(value)].sort() : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `${path.slice(path.lastIndexOf('/') + 1)} ${JSON.stringify(Object.fromEntries(sorted))}`;
}

/** A well-formed JWT without a valid signature. `exp` in seconds. */
export function makeJwt(claims: { readonly exp?: number; readonly sub?: string }): string {
  const [head, body] = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) => encode(JSON.stringify(part)));
  return `${head}.${body}.${encode(createHash('sha256').update(`${head}.${body}`).digest())}`;
}

const encode = (part: string | Buffer): string => Buffer.from(part as string).toString('base64url');

const PATHS = ['/detailedCostReport/getWorkloads', '/detailedCostReport/getAggregatedWorkloads'];

export async function startTenants({ tokens, clock = systemClock, onRequest }: TenantsOptions): Promise<Tenants> {
  const tenants = [...new Set(Object.values(tokens))];
  const requests: TenantRequest[] = [];
  const revoked = new Map<string, number>();
  let isDown = false;
  let failures = 0;
  const costOf = (tenant: string): number => 1000 + tenants.indexOf(tenant) + 0.25;

  const refusal = ({ token, tenant, path }: TenantRequest): number | undefined => {
    if (isDown || failures > 0) {
      failures = Math.max(0, failures - 1);
      return 503;
    }
    if (token === undefined || tenant === undefined || isExpired(token, clock.now())) return 401;
    return revoked.get(token) ?? (PATHS.includes(path) ? undefined : 404);
  };
  const server = createServer((incoming, response) => {
    const respond = async (): Promise<void> => {
      const request = await readRequest(incoming, tokens);
      requests.push(request);
      await onRequest?.(request);
      const status = refusal(request) ?? 200;
      const { tenant = 'nobody' } = request;
      const body = status === 200 ? toReport(request, tenant, costOf(tenant)) : { error: `${secretOf(tenant)}-error` };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    // A client that disconnects, or a hook that throws, gets no response.
    respond().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    countOf: (token) => requests.filter((request) => request.token === token).length,
    costOf,
    revoke: (token, status = 401) => revoked.set(token, status),
    restore: (token) => revoked.delete(token),
    failNext: (count) => {
      failures = count;
    },
    setDown: (value) => {
      isDown = value;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readRequest(incoming: IncomingMessage, tokens: TenantsOptions['tokens']): Promise<TenantRequest> {
  const { pathname: path, searchParams } = new URL(incoming.url ?? '', 'http://tenants');
  const [, token] = /^Bearer (.+)$/i.exec(incoming.headers.authorization ?? '') ?? [];
  const body = (await readJson(incoming)) as Filter;
  const tenant = token !== undefined && Object.hasOwn(tokens, token) ? tokens[token] : undefined;
  return { token, tenant, path, body, filter: { ...Object.fromEntries(searchParams), ...body } };
}

/** Tokens that are no JWT, or have no `exp`, do not expire. */
function isExpired(token: string, nowMs: number): boolean {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof claims.exp === 'number' && claims.exp * 1000 <= nowMs;
  } catch {
    return false;
  }
}

/** All texts are the tenant's except the name of the second row. */
function toReport({ path, filter }: TenantRequest, tenant: string, cost: number): object {
  const secret = secretOf(tenant);
  const label = { key: 'tenant', value: `${secret}-label` };
  const row = {
    amountOfWorkloads: 1,
    annotations: [label],
    clusterName: `${secret}-cluster`,
    hourlyCost: cost / 168,
    id: `${secret}-id`,
    labels: [label],
    namespace: `${secret}-namespace`,
    onDemandHours: 168,
    onDemandPercent: 100,
    ownerCpuRequest: 1000,
    ownerGpuRequest: 0,
    ownerLabels: [label],
    ownerMemoryRequest: 1_048_576,
    replicas: 1,
    savingsAvailable: 1,
    savingsAvailableWithReplicas: 1,
    services: [`${secret}-service`],
    spotHours: 0,
    spotPercent: 0,
    totalCost: cost,
    workloadName: `${secret}-row`,
    workloadType: 'Deployment',
  };
  const requested = {
    ...row,
    id: `${secret}-asked`,
    workloadName: requestRowName(path, filter),
    totalCost: 0,
    hourlyCost: 0,
  };
  return {
    clusters: [row.clusterName],
    window: { startTime: '2026-01-24T00:00:00', endTime: '2026-01-31T00:00:00' },
    aggregatedWorkloads: [row, requested],
  };
}
