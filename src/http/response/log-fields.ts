// The log line of an operation, as JSON made by hand: from an object it takes as long as all else that is done for an
// answer which is ready.

import type { GraphQLRequest } from '../graphql-request.js';

const MAX_NAME_LENGTH = 128;

/** What of a request the line is about. */
export type OperationRequest = Pick<
  GraphQLRequest,
  'id' | 'traceId' | 'callerName' | 'operation' | 'errors' | 'isResponseCacheHit'
>;

export interface AnsweredRequest {
  readonly status: number;
  readonly durationMs: number;
  readonly clientLeft: boolean;
}

/** The fields of the line: JSON, without the braces. */
export function toOperationFields(
  request: OperationRequest,
  { status, durationMs, clientLeft }: AnsweredRequest,
): string {
  const { id, traceId, callerName, operation, errors, isResponseCacheHit } = request;
  let text = `"requestId":${quote(id)}`;
  if (traceId !== undefined) text += `,"traceId":${quote(traceId)}`;
  if (callerName !== undefined) text += `,"caller":${quote(callerName)}`;
  const name = operation?.name ?? null;
  text += `,"operationName":${name === null ? 'null' : quote(name.slice(0, MAX_NAME_LENGTH))}`;
  text += `,"status":${status},"durationMs":${durationMs}`;
  if (operation !== undefined) {
    const { cache, upstreamMs, faults } = operation.stats;
    const { hit, stale, shared, collapsed, miss } = cache;
    text += `,"cache":{"hit":${hit},"stale":${stale},"shared":${shared},"collapsed":${collapsed},"miss":${miss}}`;
    text += `,"upstreamMs":${upstreamMs}`;
    if (faults.length > 0) text += `,"staleFor":${list(faults, 'code')},"staleReasons":${list(faults, 'reason')}`;
  }
  if (isResponseCacheHit) text += ',"responseCacheHit":true';
  if (errors !== undefined) text += `,"errors":${list(errors, 'code')},"reasons":${list(errors, 'reason')}`;
  return clientLeft ? `${text},"clientLeft":true` : text;
}

/** Nearly all need no more than quotes. */
function quote(text: string): string {
  return /^[\w.:-]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

function list(errors: NonNullable<OperationRequest['errors']>, what: 'code' | 'reason'): string {
  return JSON.stringify([...new Set(errors.flatMap((error) => error[what] ?? []))]);
}
