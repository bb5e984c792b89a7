// The code of the parser thread: parses one body after the other, from blocks of bytes to the columns of a report. Memory
// is transferred in both directions; nothing is copied from thread to thread.

import { parentPort } from 'node:worker_threads';

import { bufferOf } from '../../report/report-data.js';
import { createResponseParser, type ParsedResponse } from './parse-response.js';

/** A body to parse, in its blocks. */
export interface ParseTask {
  readonly blocks: readonly Uint8Array[];
  /** Whether the body is returned as well. */
  readonly keepsBody: boolean;
}

/** The parsed response, and the body in one piece if requested. */
export interface ParseResult {
  readonly response: ParsedResponse;
  readonly body: Uint8Array | undefined;
}

const parseResponse = createResponseParser();

parentPort?.on('message', ({ blocks, keepsBody }: ParseTask) => {
  const [first, second] = blocks;
  const isWhole = first !== undefined && second === undefined;
  const body = isWhole ? Buffer.from(first.buffer, first.byteOffset, first.byteLength) : Buffer.concat(blocks);
  const response = parseResponse(body);
  const result: ParseResult = { response, body: keepsBody ? body : undefined };
  const memory = [
    ...(keepsBody ? [body.buffer as ArrayBuffer] : []),
    ...('report' in response ? [bufferOf(response.report)] : []),
  ];
  parentPort?.postMessage(result, memory);
});
