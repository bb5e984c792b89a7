// The spans of a request: the operation, its loads of reports, their calls to ScaleOps and logins. The current span lives in
// an AsyncLocalStorage of this file, so nothing is registered with OpenTelemetry globally.

import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

import type { ReportLookup } from '../cache/report-lookup.js';
import { statusOf } from '../errors.js';
import type { InstrumentedCall } from '../upstream/instrumentation.js';
import { toFailureCode, type Instruments, type Observation } from './instrumentation.js';
import type { BegunRequest, RequestOutcome } from './instrumentation.js';
import { ANONYMOUS, OTHER, type NameOf } from './operation-names.js';
import { createSpanPipeline } from './span-pipeline.js';
import type { Tracing, TracingOptions } from './tracing.js';

/** W3C trace context only; baggage of callers is not forwarded. */
const propagator = new W3CTraceContextPropagator();

export function createTracing(options: TracingOptions): Tracing {
  const { tracer, close } = createSpanPipeline(options);
  const current = new AsyncLocalStorage<Span>();
  const within = createWithin(tracer, current);
  const instruments: Instruments = {
    begin: (request) => beginOperation(request, { tracer, current, nameOf: options.nameOf }),
    load: (report, run) =>
      within(LOAD, { 'gateway.report': report }, SpanKind.INTERNAL, async (span) => {
        const answer = await run();
        span.setAttributes(toAttributes(answer));
        return answer;
      }),
    onHit(report, outcome) {
      const attributes = { 'gateway.report': report, ...toAttributes(outcome) };
      tracer.startSpan(LOAD, { attributes, kind: SpanKind.INTERNAL }, contextOf(current.getStore())).end();
    },
    onRelatedHit: () => undefined,
    call(call, run) {
      return within('call ScaleOps', toCallAttributes(call), SpanKind.CLIENT, async (span) => {
        call.headers = toHeaders(span);
        try {
          return await run();
        } finally {
          if (call.status !== undefined) span.setAttribute('http.response.status_code', call.status);
        }
      });
    },
    login: (run) => within('log in', {}, SpanKind.CLIENT, run),
  };
  return { instruments, close };
}

/** Returns a function that runs a task within a new span, which the error of the task marks. */
function createWithin(tracer: Tracer, current: AsyncLocalStorage<Span>) {
  return async <T>(name: string, attributes: Attributes, kind: SpanKind, run: (span: Span) => Promise<T>) => {
    const span = tracer.startSpan(name, { attributes, kind }, contextOf(current.getStore()));
    try {
      return await current.run(span, () => run(span));
    } catch (error) {
      const failure = toFailureCode(error);
      span.setAttribute('error.type', failure);
      if (failure !== 'aborted') span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  };
}

const LOAD = 'load report';

function toCallAttributes({ report, number, isRetry }: InstrumentedCall): Attributes {
  return {
    'http.request.method': 'POST',
    'gateway.report': report,
    'gateway.attempt': number,
    'gateway.retry': isRetry,
  };
}

function toAttributes({ cacheStatus, isStale }: ReportLookup): Attributes {
  return { 'gateway.cache.result': cacheStatus, 'gateway.cache.stale': isStale };
}

interface Operations {
  readonly tracer: Tracer;
  readonly current: AsyncLocalStorage<Span>;
  readonly nameOf: NameOf;
}

function beginOperation(request: BegunRequest, { tracer, current, nameOf }: Operations): Observation {
  const parent = propagator.extract(ROOT_CONTEXT, request, HEADERS);
  const attributes = { 'gateway.request_id': request.requestId };
  const span = tracer.startSpan('graphql', { kind: SpanKind.SERVER, attributes }, parent);
  return {
    traceId: span.spanContext().traceId,
    execute: (run) => current.run(span, run),
    end(outcome) {
      describe(span, outcome, nameOf);
      span.end();
    },
  };
}

function contextOf(span: Span | undefined): Context {
  return span === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, span);
}

/** Sets the name, attributes and status of an operation's span at its end. */
function describe(span: Span, { operation, result, status, codes, callerName }: RequestOutcome, nameOf: NameOf): void {
  if (operation !== undefined) {
    const name = nameOf(operation.name);
    const isNamed = name !== OTHER && name !== ANONYMOUS;
    span.updateName(isNamed ? `${operation.type} ${name}` : operation.type);
    span.setAttribute('graphql.operation.type', operation.type);
    if (isNamed) span.setAttribute('graphql.operation.name', name);
  }
  span.setAttributes({ 'http.response.status_code': status, 'gateway.result': result });
  if (codes.length > 0) span.setAttribute('gateway.error_codes', [...codes]);
  if (callerName !== undefined) span.setAttribute('gateway.caller', callerName);
  // Errors of the client (4xx) leave the status of a server span unset, as OpenTelemetry's HTTP conventions say.
  if (status >= 500 || codes.some((code) => statusOf(code) >= 500)) span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The headers that tell the receiver of a call which trace it belongs to. */
function toHeaders(span: Span): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  propagator.inject(contextOf(span), headers, SET);
  return headers;
}

/** Reads the two headers of the W3C trace context. */
const HEADERS = {
  keys: () => ['traceparent', 'tracestate'],
  get: (request: BegunRequest, name: string) => request.header(name as 'traceparent' | 'tracestate') ?? undefined,
};
const SET = {
  set(headers: Record<string, string>, name: string, value: string) {
    headers[name] = value;
  },
};
