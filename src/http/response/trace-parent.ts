// Parses the client's trace id for the log, which has it also when the gateway does not trace.
// https://www.w3.org/TR/trace-context/#traceparent-header

/** The version, the trace id and the rest: only versions after 00 may have more after the flags. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(-.*)?$/;

/** Undefined for a header that is missing or not valid. */
export function parseTraceId(traceparent: string | null): string | undefined {
  const [, version, traceId, rest] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  return version === '00' && rest !== undefined ? undefined : traceId;
}
