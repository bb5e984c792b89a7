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

/** More scratch memory than this is not reused for the next body. */
const MAX_SCRATCH_BYTES = 16_777_216;

const parseResponse = createResponseParser();

const EMPTY = Buffer.alloc(0);
let scratch = EMPTY;

parentPort?.on('message', ({ blocks, keepsBody }: ParseTask) => {
  const body = join(blocks, keepsBody);
  const response = parseResponse(body);
  if (scratch.length > MAX_SCRATCH_BYTES) scratch = EMPTY;
  const result: ParseResult = { response, body: keepsBody ? body : undefined };
  const memory = [
    ...(keepsBody ? [body.buffer as ArrayBuffer] : []),
    ...('report' in response ? [bufferOf(response.report)] : []),
  ];
  parentPort?.postMessage(result, memory);
});

function join(blocks: readonly Uint8Array[], keepsBody: boolean): Buffer {
  const [first = EMPTY, ...others] = blocks;
  if (others.length === 0) return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
  return keepsBody ? Buffer.concat(blocks) : joinInScratch(blocks);
}

function joinInScratch(blocks: readonly Uint8Array[]): Buffer {
  const bytes = blocks.reduce((sum, { length }) => sum + length, 0);
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const block of blocks) {
    scratch.set(block, at);
    at += block.length;
  }
  return scratch.subarray(0, bytes);
}
