// The trace that a request is a part of, as its caller names it, for the log: so that lines are found by it although the
// gateway itself may not trace. https://www.w3.org/TR/trace-context/#traceparent-header

/** Two digits are the version; only those after the first may have something behind the flags. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(-.*)?$/;

/** Undefined where there is none, or one that is not valid. */
export function readTraceId(traceparent: string | null): string | undefined {
  const [, version, traceId, rest] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  return version === '00' && rest !== undefined ? undefined : traceId;
}
