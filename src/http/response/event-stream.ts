// GraphQL over Server-Sent Events in distinct connections mode: one `next` event with the result, then `complete`.
// https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md

import { isStream, type ResponseBody } from '../http-message.js';

// JSON that is written without line breaks is one line of data.
const BEFORE = Buffer.from('event: next\ndata: ');
const AFTER = Buffer.from('\n\nevent: complete\ndata:\n\n');

export function toEventStream(body: ResponseBody): ResponseBody {
  if (!isStream(body)) return [BEFORE, ...body, AFTER];
  return surround(body);
}

async function* surround(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield BEFORE;
  yield* body;
  yield AFTER;
}
