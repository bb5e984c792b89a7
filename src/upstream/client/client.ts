// The REST client: one POST per report, no cache. The caller's deadline covers the login, the queue, all attempts, and the
// last byte of the response.

import { hash } from 'node:crypto';
import type { Dispatcher } from 'undici';

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';
import type { AbortableCaller } from '../../concurrency/abort.js';
import type { Deadline } from '../../concurrency/deadline.js';
import type { Report } from '../../report/report.js';
import { toRequestKey, type ReportKind, type ReportRequest } from '../../report/request.js';
import type { ReportWarning } from '../../report/warnings.js';
import { ACCEPT_ENCODING, drainOrClose, readBody } from '../http/body.js';
import { createUpstreamCalls } from './endpoints.js';
import { createConnections, headerOf } from '../http/connections.js';
import type { ProxySettings } from '../http/proxy.js';
import { parseRetryAfter, toStatusError, toTransportError } from '../http/errors.js';
import { NOOP_INSTRUMENTATION, type InstrumentedCall, type UpstreamInstrumentation } from '../instrumentation.js';
import type { Principal } from '../principal.js';
import type { ReportParser } from '../parse/report-parser.js';
import { Resilience, type OnBreaker, type ResilienceSettings } from './resilience.js';

interface ClientSettings {
  /** The ScaleOps host; its path is the prefix of the paths of the reports. */
  readonly url: string;
  readonly paths: Readonly<Record<ReportKind, string>>;
  /** The limit of a decoded body. */
  readonly maxResponseBytes: number;
  readonly resilience: ResilienceSettings;
  readonly proxy?: ProxySettings | undefined;
}

interface ClientServices {
  readonly clock: Clock;
  /** Closed by its creator. */
  readonly parser: ReportParser;
  /** Called once per fetched report that has data-quality warnings. */
  readonly onWarnings: (report: ReportKind, warnings: readonly ReportWarning[]) => void;
  readonly onBreaker: OnBreaker;
  readonly instrumentation?: UpstreamInstrumentation | undefined;
}

/** A report, and its body if the parser retains bodies. */
export interface FetchedReport {
  readonly report: Report;
  readonly body: Buffer | undefined;
}

export type ScaleOpsClient = ReturnType<typeof createScaleOpsClient>;

export function createScaleOpsClient(settings: ClientSettings, services: ClientServices) {
  const { clock, instrumentation = NOOP_INSTRUMENTATION, onBreaker } = services;
  const { url, paths, maxResponseBytes, proxy } = settings;
  const base = new URL(url);
  const connections = createConnections(base.origin, settings.resilience.maxInFlight, proxy);
  const host = { ...services, connections, maxResponseBytes, toCall: createUpstreamCalls(base, paths) };
  const resilience = new Resilience(settings.resilience, clock, onBreaker);

  return {
    /**
     * Fetches a report with the principal's token.
     * @param callerKey the caller to whose share the calls count; by default the principal, if it is a caller.
     * @throws UpstreamError; the deadline's reason.
     */
    fetchReport(
      request: ReportRequest,
      principal: Principal,
      deadline: Deadline,
      callerKey = principal.isCaller ? principal.id : undefined,
    ): Promise<FetchedReport> {
      let number = 0;
      const attempt = (attemptNumber: number): Promise<FetchedReport> => {
        let isRetry = attemptNumber > 1;
        return withToken(principal, deadline, (token) => {
          number += 1;
          const call: InstrumentedCall = { report: request.report, number, isRetry, headers: {}, status: undefined };
          isRetry = false;
          return instrumentation.call(call, () => callUpstream(host, { request, token, deadline, call }));
        });
      };
      // Hashed, because a filter may be long.
      const requestKey = (): string => hash('sha256', toRequestKey(request), 'base64url');
      return deadline.race(resilience.run(attempt, { principal, callerKey, requestKey, deadline }));
    },
    /** How many calls run, and how many are queued. */
    load: () => resilience.load(),
    close: () => connections.close(),
  };
}

/** Makes the call with the principal's token, and once more with a new one if ScaleOps rejects it. */
async function withToken<T>(
  { tokens }: Principal,
  caller: AbortableCaller,
  call: (token: string | undefined) => Promise<T>,
): Promise<T> {
  const token = await tokens.token(caller);
  try {
    return await call(token);
  } catch (error) {
    const reason = unauthorizedReason(error);
    const renewed = await tokens.renew(token, caller);
    if (renewed === undefined) throw tokens.rejectionError(reason);
    return await call(renewed).catch((secondError: unknown) => {
      const secondReason = unauthorizedReason(secondError);
      tokens.recordRejection(renewed);
      throw tokens.rejectionError(secondReason);
    });
  }
}

/** Why ScaleOps rejected the token. @throws the error itself if it is about something else. */
function unauthorizedReason(error: unknown): string {
  if (error instanceof UpstreamError && error.code === 'UPSTREAM_UNAUTHENTICATED') return error.reason ?? '';
  throw error;
}

/** One call, and what it is made with. */
interface CallContext {
  readonly request: ReportRequest;
  /** Undefined if ScaleOps requires none. */
  readonly token: string | undefined;
  readonly deadline: Deadline;
  readonly call: InstrumentedCall;
}

/** What all calls are made with. */
interface Host extends ClientServices, Pick<ClientSettings, 'maxResponseBytes'> {
  readonly connections: ReturnType<typeof createConnections>;
  readonly toCall: ReturnType<typeof createUpstreamCalls>;
}

/** @throws UpstreamError; the deadline's reason. */
async function callUpstream(host: Host, context: CallContext): Promise<FetchedReport> {
  const { request, deadline } = context;
  const { url, path, pathSetting, body } = host.toCall(request);
  try {
    const response = await post(host, context, path, JSON.stringify(body));
    const { statusCode: status } = response;
    if (status !== 200) {
      drainOrClose(response.body, host.clock);
      const location = headerOf(response, 'location');
      const retryAfterMs = parseRetryAfter(headerOf(response, 'retry-after'), host.clock.now());
      throw toStatusError({ status, location, retryAfterMs, pathSetting, url });
    }
    const fetched = await readReport(host, context, response, pathSetting);
    const { warnings } = fetched.report;
    if (warnings.length > 0) host.onWarnings(request.report, warnings);
    return fetched;
  } catch (error) {
    // The deadline's reason shows whether ScaleOps was too slow or the caller has aborted.
    deadline.throwIfAborted();
    throw toTransportError(error);
  }
}

/** undici's `request` does not follow redirects: the token must not reach another host. */
async function post(
  { connections }: Host,
  { token, deadline, call }: CallContext,
  path: string,
  body: string,
): Promise<Dispatcher.ResponseData> {
  deadline.throwIfAborted();
  const headers = {
    ...call.headers,
    accept: 'application/json',
    'accept-encoding': ACCEPT_ENCODING,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    'content-type': 'application/json',
  };
  const response = await connections.request({ method: 'POST', path, headers, body, signal: deadline.signal });
  call.status = response.statusCode;
  return response;
}

async function readReport(
  { parser, maxResponseBytes: maxBytes, clock }: Host,
  { request, deadline }: CallContext,
  response: Dispatcher.ResponseData,
  pathSetting: string,
): Promise<FetchedReport> {
  const permit = parser.start();
  const beforeNextChunk = (totalBytes: number): Promise<unknown> | undefined => {
    const slot = permit.addBytes(totalBytes);
    return slot && deadline.race(slot);
  };
  try {
    const encoding = headerOf(response, 'content-encoding');
    const blocks = await readBody(response.body, encoding, { maxBytes, beforeNextChunk });
    return await parser.parse(blocks, { request, receivedAt: clock.now(), pathSetting });
  } finally {
    permit.release();
  }
}
