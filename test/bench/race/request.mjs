// The bytes of a request, built once.

import { COUNTER } from './queries.mjs';

let counter = 0;

/**
 * @param {number} port
 * @param {{ path: string, body?: string }} request without a body it is a GET
 * @returns {() => Buffer} the bytes, with the next number of this process in place of the counter
 */
export function toRequest(port, { path, body }) {
  const start = `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: application/json\r\n`;
  const rest =
    body === undefined
      ? '\r\n'
      : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const bytes = Buffer.from(start + rest);
  const place = bytes.lastIndexOf(COUNTER);
  return () => {
    if (place !== -1) bytes.write(String((counter += 1)).padStart(COUNTER.length, '0'), place, 'latin1');
    return bytes;
  };
}
