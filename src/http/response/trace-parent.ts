// Reads the caller's trace id for the log, so that lines can be found by it also where the gateway does not trace.
// https://www.w3.org/TR/trace-context/#traceparent-header

/** Two digits are the version; only those after the first may have something behind the flags. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(-.*)?$/;

/** Undefined for a header that is missing or not valid. */
export function readTraceId(traceparent: string | null): string | undefined {
  const [, version, traceId, rest] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  return version === '00' && rest !== undefined ? undefined : traceId;
}
