// The spans of a request: the operation, its loads of reports, their calls to ScaleOps and logins. The current span lives in
// an AsyncLocalStorage of this file, so nothing is registered with OpenTelemetry globally.

import { AsyncLocalStorage } from 'node:async_hooks';
import { defaultTextMapSetter, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span, SpanOptions, TextMapGetter, Tracer } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

import type { ReportLookup } from '../cache/report-lookup.js';
import { statusOf } from '../errors.js';
import type { InstrumentedCall } from '../upstream/instrumentation.js';
import { ANONYMOUS, OTHER, toFailureCode } from './instrumentation.js';
import type { Instruments, NameOf, Observation, RequestInfo, RequestOutcome } from './instrumentation.js';
import { createSpanPipeline } from './span-pipeline.js';
import type { TracingOptions } from './tracing.js';

/** W3C trace context only; baggage of callers is not forwarded. */
const propagator = new W3CTraceContextPropagator();
const currentSpan = new AsyncLocalStorage<Span>();
const LOAD = 'load report';

export type Tracing = ReturnType<typeof createTracing>;

export function createTracing(options: TracingOptions) {
  const { tracer, close } = createSpanPipeline(options);
  const instruments: Instruments = {
    begin: (request) => beginOperation(tracer, request, options.nameOf),
    load: (report, run) =>
      runInSpan(tracer, LOAD, { attributes: { 'gateway.report': report } }, async (span) => {
        const lookup = await run();
        span.setAttributes(toAttributes(lookup));
        return lookup;
      }),
    onHit(report, lookup) {
      const attributes = { 'gateway.report': report, ...toAttributes(lookup) };
      tracer.startSpan(LOAD, { attributes }, contextOf(currentSpan.getStore())).end();
    },
    onRelatedHit: () => undefined,
    call: (call, run) =>
      runInSpan(tracer, 'call ScaleOps', toCallOptions(call), async (span) => {
        call.headers = toHeaders(span);
        try {
          return await run();
        } finally {
          if (call.status !== undefined) span.setAttribute('http.response.status_code', call.status);
        }
      }),
    login: (run) => runInSpan(tracer, 'log in', { kind: SpanKind.CLIENT }, run),
  };
  return { instruments, close };
}

/** Runs a task within a new span, and records its error. */
async function runInSpan<T>(tracer: Tracer, name: string, options: SpanOptions, run: (span: Span) => Promise<T>) {
  const span = tracer.startSpan(name, options, contextOf(currentSpan.getStore()));
  try {
    return await currentSpan.run(span, () => run(span));
  } catch (error) {
    const failure = toFailureCode(error);
    span.setAttribute('error.type', failure);
    if (failure !== 'aborted') span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

function toCallOptions({ report, number, isRetry }: InstrumentedCall): SpanOptions {
  const attributes = {
    'http.request.method': 'POST',
    'gateway.report': report,
    'gateway.attempt': number,
    'gateway.retry': isRetry,
  };
  return { kind: SpanKind.CLIENT, attributes };
}

function toAttributes({ cacheStatus, isStale }: ReportLookup): Attributes {
  return { 'gateway.cache.result': cacheStatus, 'gateway.cache.stale': isStale };
}

function beginOperation(tracer: Tracer, request: RequestInfo, nameOf: NameOf): Observation {
  const parent = propagator.extract(ROOT_CONTEXT, request, TRACE_HEADERS);
  const attributes = { 'gateway.request_id': request.requestId };
  const span = tracer.startSpan('graphql', { kind: SpanKind.SERVER, attributes }, parent);
  return {
    traceId: span.spanContext().traceId,
    execute: (run) => currentSpan.run(span, run),
    end(outcome) {
      describeOutcome(span, outcome, nameOf);
      span.end();
    },
  };
}

function contextOf(span: Span | undefined): Context {
  return span === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, span);
}

/** Sets the name, attributes and status of an operation's span at its end. */
function describeOutcome(span: Span, outcome: RequestOutcome, nameOf: NameOf): void {
  const { operation, result, status, codes, callerName } = outcome;
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

/** The headers by which the receiver of a call continues the trace. */
function toHeaders(span: Span): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  propagator.inject(contextOf(span), headers, defaultTextMapSetter);
  return headers;
}

/** Reads the two headers of the W3C trace context. */
const TRACE_HEADERS: TextMapGetter<RequestInfo> = {
  keys: () => ['traceparent', 'tracestate'],
  get: (request, name) => request.header(name as 'traceparent' | 'tracestate') ?? undefined,
};
