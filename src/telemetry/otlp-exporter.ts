// Sends batches of spans over OTLP/HTTP. OpenTelemetry's own exporter has no deadline over the whole of a request, cannot
// be called off, and holds the process with its pauses; its serializer is used.
// https://opentelemetry.io/docs/specs/otlp/#otlphttp

import { ExportResultCode } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { SpanExporter } from '@opentelemetry/sdk-trace';

import type { Clock } from '../clock.js';
import type { TracingOptions } from './tracing.js';

type Spans = Parameters<SpanExporter['export']>[0];

/** Over all attempts to send one batch. */
const MAX_EXPORT_MS = 10_000;
/** Doubles with each attempt. */
const FIRST_PAUSE_MS = 1_000;
const RETRIED_STATUSES: readonly number[] = [429, 502, 503, 504];

export interface OtlpExporter extends SpanExporter {
  /** Ends all that is under way, and all that is to come. */
  abort(): void;
}

export function createOtlpExporter(options: TracingOptions): OtlpExporter {
  const { clock, onTrouble } = options;
  const send = createSending(options);
  const closing = new AbortController();
  let isTrouble = false;
  const learn = (reason: string | undefined): void => {
    // Called off by us: nothing is known of the receiver.
    if (closing.signal.aborted) return;
    if (isTrouble !== (reason !== undefined)) onTrouble(reason !== undefined, reason);
    isTrouble = reason !== undefined;
  };

  const exportAll = async (spans: Spans): Promise<boolean> => {
    const body = ProtobufTraceSerializer.serializeRequest(spans);
    if (body === undefined) return true;
    const deadline = new AbortController();
    const cancel = clock.after(MAX_EXPORT_MS, () => {
      deadline.abort();
    });
    const signal = AbortSignal.any([closing.signal, deadline.signal]);
    let failure = await send(body, signal);
    for (let pauseMs = FIRST_PAUSE_MS; failure?.isRetried && !signal.aborted; pauseMs *= 2) {
      await pause(clock, pauseMs, signal);
      failure = await send(body, signal);
    }
    cancel();
    learn(failure?.reason);
    return failure === undefined;
  };

  return {
    export(spans, done) {
      const toResult = (isSent: boolean) => ({ code: isSent ? ExportResultCode.SUCCESS : ExportResultCode.FAILED });
      exportAll(spans).then(
        (isSent) => {
          done(toResult(isSent));
        },
        () => {
          done(toResult(false));
        },
      );
    },
    shutdown: () => Promise.resolve(),
    abort: () => {
      closing.abort();
    },
  };
}

/** For the log: a status, or an error's code; never what the receiver says, nor where it is. */
interface Failure {
  readonly reason: string;
  readonly isRetried: boolean;
}

/** Undefined: the receiver took it. */
function createSending({ endpoint, headers, version }: TracingOptions) {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const own = { 'content-type': 'application/x-protobuf', 'user-agent': `scaleops-cost-gateway/${version}` };
  return async (body: Uint8Array, signal: AbortSignal): Promise<Failure | undefined> => {
    try {
      const request = { method: 'POST', headers: { ...headers, ...own }, body: new Uint8Array(body), signal };
      // The headers may hold a secret: they go to nobody but the receiver.
      const response = await fetch(url, { ...request, redirect: 'manual' });
      const { ok, status } = response;
      await response.body?.cancel();
      return ok ? undefined : { reason: `HTTP ${status}`, isRetried: RETRIED_STATUSES.includes(status) };
    } catch (error) {
      if (signal.aborted) return { reason: 'no answer in time', isRetried: false };
      const { cause } = error as { readonly cause?: { readonly code?: unknown } };
      return { reason: typeof cause?.code === 'string' ? cause.code : 'no connection', isRetried: true };
    }
  };
}

/** Ends early with the signal. */
function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
