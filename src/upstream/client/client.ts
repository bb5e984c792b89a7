// The REST client: one POST per report, no cache. A call ends in a parsed report or an UpstreamError, within its caller's
// deadline, which covers everything: login, queue, attempts, the last byte.

import { createHash } from 'node:crypto';
import type { Dispatcher } from 'undici';

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';
import type { AbortableCaller } from '../../concurrency/abort.js';
import type { Deadline } from '../../concurrency/deadline.js';
import type { Report } from '../../report/report.js';
import type { ReportKind, ReportRequest } from '../../report/request.js';
import type { ReportWarning } from '../../report/warnings.js';
import { ACCEPT_ENCODING, drainOrClose, readBody } from '../http/body.js';
import { createUpstreamCalls, ENDPOINTS, type ToUpstreamCall, type UpstreamCall } from './endpoints.js';
import { createConnections, headerOf } from '../http/connections.js';
import type { ProxySettings } from '../http/proxy.js';
import { parseRetryAfter, toStatusError, toTransportError } from '../http/errors.js';
import { UNINSTRUMENTED, type InstrumentedCall, type UpstreamInstrumentation } from '../instrumentation.js';
import type { Principal } from '../principal.js';
import type { ReportParser } from '../parse/report-parser.js';
import { Resilience, type OnBreaker, type ResilienceSettings } from './resilience.js';

interface ClientSettings {
  /** The ScaleOps host; its path is the prefix of the paths of the reports. */
  readonly url: string;
  readonly paths: Readonly<Record<ReportKind, string>>;
  /** The longest body that is accepted, in decoded bytes. */
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

/** A report, and its body where the parser keeps it. */
export interface FetchedReport {
  readonly report: Report;
  readonly body: Buffer | undefined;
}

export type ScaleOpsClient = ReturnType<typeof createScaleOpsClient>;

export function createScaleOpsClient(settings: ClientSettings, services: ClientServices) {
  const { clock, instrumentation = UNINSTRUMENTED, onBreaker } = services;
  const base = new URL(settings.url);
  const connections = createConnections(base.origin, settings.resilience.maxInFlight, settings.proxy);
  const { maxResponseBytes } = settings;
  const host = { ...services, connections, maxResponseBytes, toCall: createUpstreamCalls(base, settings.paths) };
  const resilience = new Resilience(settings.resilience, clock, onBreaker);

  const call = (context: CallContext, call: InstrumentedCall): Promise<FetchedReport> =>
    instrumentation.call(call, async () => {
      try {
        return await callUpstream(host, context, call);
      } catch (error) {
        // The reason of the deadline tells a timeout, a fault of ScaleOps, from a caller that aborted.
        context.deadline.throwIfAborted();
        throw toTransportError(error);
      }
    });

  return {
    /**
     * Fetches a report with the principal's token.
     * @param callerKey the caller whose share of the calls it takes; by default the principal, where that is a caller.
     * @throws UpstreamError; the deadline's reason.
     */
    fetchReport(
      request: ReportRequest,
      principal: Principal,
      deadline: Deadline,
      callerKey = principal.isCaller ? principal.id : undefined,
    ): Promise<FetchedReport> {
      const { report } = request;
      let number = 0;
      const attempt = (attemptNumber: number): Promise<FetchedReport> => {
        let isRetry = attemptNumber > 1;
        return withToken(principal, deadline, (token) => {
          const instrumented = { report, number: (number += 1), isRetry, headers: {}, status: undefined };
          isRetry = false;
          return call({ request, token, deadline }, instrumented);
        });
      };
      const requestKey = (): string => hashOf(host.toCall(request));
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
    return await call(renewed).catch((again: unknown) => {
      const reasonAgain = unauthorizedReason(again);
      tokens.reject(renewed);
      throw tokens.rejectionError(reasonAgain);
    });
  }
}

/** Why ScaleOps rejected the token. @throws the error itself if it is about something else. */
function unauthorizedReason(error: unknown): string {
  if (error instanceof UpstreamError && error.code === 'UPSTREAM_UNAUTHENTICATED') return error.reason ?? '';
  throw error;
}

/** Short, whatever the length of the filter. */
function hashOf({ path, body }: UpstreamCall): string {
  return createHash('sha256')
    .update(JSON.stringify([path, body]))
    .digest('base64url');
}

interface CallContext {
  readonly request: ReportRequest;
  /** Undefined where ScaleOps asks for none. */
  readonly token: string | undefined;
  readonly deadline: Deadline;
}

/** The host, and what is needed to call it. */
interface Host extends ClientServices, Pick<ClientSettings, 'maxResponseBytes'> {
  readonly connections: ReturnType<typeof createConnections>;
  readonly toCall: ToUpstreamCall;
}

async function callUpstream(
  host: Host,
  { request, token, deadline }: CallContext,
  instrumented: InstrumentedCall,
): Promise<FetchedReport> {
  const { clock, onWarnings } = host;
  const { url, path, body } = host.toCall(request);
  const { pathSetting } = ENDPOINTS[request.report];
  deadline.throwIfAborted();
  // undici's `request` does not follow redirects: the token must not reach another host.
  const response = await host.connections.request({
    method: 'POST',
    path,
    headers: {
      ...instrumented.headers,
      accept: 'application/json',
      'accept-encoding': ACCEPT_ENCODING,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
    signal: deadline.signal,
  });
  instrumented.status = response.statusCode;
  if (response.statusCode !== 200) {
    drainOrClose(response.body, clock);
    throw toStatusError({
      status: response.statusCode,
      location: headerOf(response, 'location'),
      retryAfterMs: parseRetryAfter(headerOf(response, 'retry-after'), clock.now()),
      pathSetting,
      url,
    });
  }
  const fetched = await readReport(response, host, deadline, request);
  const { warnings } = fetched.report;
  if (warnings.length > 0) onWarnings(request.report, warnings);
  return fetched;
}

async function readReport(
  response: Dispatcher.ResponseData,
  { parser, maxResponseBytes: maxBytes, clock }: Host,
  deadline: Deadline,
  request: ReportRequest,
): Promise<FetchedReport> {
  const permit = parser.start();
  const beforeMore = (totalBytes: number): Promise<unknown> | undefined => {
    const slot = permit.addBytes(totalBytes);
    return slot && deadline.race(slot);
  };
  try {
    const blocks = await readBody(response.body, headerOf(response, 'content-encoding'), { maxBytes, beforeMore });
    const { pathSetting } = ENDPOINTS[request.report];
    return await parser.parse(blocks, { request, receivedAt: clock.now(), pathSetting });
  } finally {
    permit.release();
  }
}
