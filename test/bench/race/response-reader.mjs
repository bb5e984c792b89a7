// Reads responses from the bytes of one connection, by length or in chunks, and compares them as they arrive.

const END_OF_HEAD = '\r\n\r\n';
/** The part of a response after its data: `extensions`. */
const MOST_AFTER_DATA = 2_048;

/**
 * @param {Buffer} expected the beginning of each response
 * @param {() => void} onResponse
 * @returns {(bytes: Buffer, length: number) => void} throws when a response differs
 */
export function createResponseReader(expected, onResponse) {
  let head = '';
  let isInBody = false;
  let isChunked = false;
  /** Remaining bytes of the body, or of the chunk. */
  let left = 0;
  let sizeLine = '';
  let position = 0;

  const compare = (bytes, start, end) => {
    const known = Math.min(end - start, expected.length - position);
    if (known > 0 && expected.compare(bytes, start, start + known, position, position + known) !== 0)
      throw new Error(`a wrong response, between bytes ${position} and ${position + known} of the body`);
    position += end - start;
    if (position > expected.length + MOST_AFTER_DATA) throw new Error('a response is too long');
  };
  const finish = () => {
    if (position < expected.length) throw new Error(`a response is too short: ${position} bytes`);
    isInBody = false;
    position = 0;
    onResponse();
  };
  const readHead = (bytes, start, end) => {
    const before = head.length;
    // The head is usually in one piece: then the body is not searched.
    const found = before === 0 ? bytes.subarray(0, end).indexOf(END_OF_HEAD, start) : -1;
    head += bytes.latin1Slice(start, found === -1 ? end : found + END_OF_HEAD.length);
    const length = head.indexOf(END_OF_HEAD) + END_OF_HEAD.length;
    if (length < END_OF_HEAD.length) return end;
    const stop = start + length - before;
    head = head.slice(0, length);
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(`the server responded with ${head.slice(0, 30)}`);
    const size = /\r\ncontent-length: *(\d+)/i.exec(head);
    isChunked = size === null;
    left = isChunked ? 0 : Number(size[1]);
    head = '';
    isInBody = true;
    return stop;
  };
  const readBody = (bytes, start, end) => {
    const stop = Math.min(end, start + left);
    compare(bytes, start, stop);
    left -= stop - start;
    if (left === 0 && !isChunked) finish();
    return stop;
  };
  /** The line with a chunk's size, and the line break that ends the previous chunk. */
  const readSize = (bytes, start, end) => {
    let at = start;
    while (at < end) {
      const byte = bytes[at];
      at += 1;
      if (byte !== 10) sizeLine += String.fromCharCode(byte);
      else if (sizeLine !== '\r') {
        left = Number.parseInt(sizeLine, 16);
        isLast = left === 0;
        sizeLine = '';
        if (!isLast) break;
      } else {
        sizeLine = '';
        if (isLast) {
          isLast = false;
          finish();
          break;
        }
      }
    }
    return at;
  };
  let isLast = false;

  return (bytes, length) => {
    let at = 0;
    while (at < length) {
      if (!isInBody) at = readHead(bytes, at, length);
      else if (left > 0 || !isChunked) at = readBody(bytes, at, length);
      else at = readSize(bytes, at, length);
    }
  };
}
