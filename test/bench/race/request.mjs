// The bytes of a request, made once.

import { COUNTER } from './questions.mjs';

let counter = 0;

/** @returns {() => Buffer} the bytes, with the next number of this process in them where the body has the counter */
export function toRequest(port, body) {
  const head = `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n`;
  const rest = `accept: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const bytes = Buffer.from(head + rest + body);
  const place = bytes.lastIndexOf(COUNTER);
  return () => {
    if (place !== -1) bytes.write(String((counter += 1)).padStart(COUNTER.length, '0'), place, 'latin1');
    return bytes;
  };
}
