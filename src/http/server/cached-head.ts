// The head of an answer that is given more than once: Node checks and joins the headers of each answer anew, which for a
// short one costs more than to send it. What it wrote is kept here, and sent with another id and another time.

import { ServerResponse } from 'node:http';

import type { WholeRequest } from './buffered-request.js';

/** The headers of an answer, but for the id of the request. */
export class AnswerHead {
  readonly status: number;
  /** Names and values, in turn. */
  readonly headers: readonly string[];
  /** What Node wrote around the id and the time; null where it is not as we know it. */
  written: readonly [string, string, string] | null | undefined = undefined;
  isGivenAgain = false;

  constructor(status: number, headers: readonly string[]) {
    this.status = status;
    this.headers = headers;
  }
}

/** Before the id, between it and the time, and the rest. */
const PLACES = /^([^\r]*\r\nx-request-id: )[^\r]*(\r\n.*?\r\nDate: )[^\r]*(\r\n.*)$/s;

/** Node's server makes its answers of this class. */
export class KnownHeadResponse extends ServerResponse<WholeRequest> {
  /** Node's own: what `writeHead` makes, and what goes out before the first byte of the body. */
  declare protected _header: string | null;

  /**
   * Like `writeHead` with these headers, and this id.
   * @param requestId whose characters may stand in a header.
   */
  beginWith(head: AnswerHead, requestId: string): void {
    // Else Node tells the client that it closes the connection, and has to know that itself.
    const isUsual = this.shouldKeepAlive && !this.hasHeader('connection');
    if (isUsual && head.written != null) {
      const [first, second, third] = head.written;
      this._header = first + requestId + second + toHttpDate(Date.now()) + third;
      return;
    }
    this.writeHead(head.status, ['x-request-id', requestId, ...head.headers]);
    // Many are given once only.
    if (isUsual && head.isGivenAgain && head.written === undefined) head.written = toPlaces(this._header);
    head.isGivenAgain = true;
  }
}

function toPlaces(text: unknown): AnswerHead['written'] {
  const [, first, second, third] = PLACES.exec(typeof text === 'string' ? text : '') ?? [];
  return first === undefined || second === undefined || third === undefined ? null : [first, second, third];
}

let lastSecond = Number.NaN;
let lastDate = '';

/** For `Date` (RFC 9110, section 5.6.7); within a second it is the same. */
function toHttpDate(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastDate = new Date(nowMs).toUTCString();
  }
  return lastDate;
}
