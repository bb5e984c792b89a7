// The thread that reads large bodies: one after the other, from blocks of bytes to the columns of a report. Memory changes
// hands both ways, and nothing is copied from thread to thread.

import { parentPort } from 'node:worker_threads';

import { bufferOf } from '../../report/report-data.js';
import { createAnswerReading, type ReadAnswer } from './parse-response.js';

/** A body to read, in its blocks. */
export interface ReadingTask {
  readonly blocks: readonly Uint8Array[];
  /** Whether the whole is to come back. */
  readonly keepsBody: boolean;
}

/** What it is, and the body in one piece where that is wanted. */
export interface ReadingResult {
  readonly answer: ReadAnswer;
  readonly body: Uint8Array | undefined;
}

/** Memory for longer bodies is not kept for the next one. */
const MAX_SCRATCH_BYTES = 16_777_216;

const readAnswer = createAnswerReading();

const NOTHING = Buffer.alloc(0);
let scratch = NOTHING;

parentPort?.on('message', ({ blocks, keepsBody }: ReadingTask) => {
  const body = join(blocks, keepsBody);
  const answer = readAnswer(body);
  if (scratch.length > MAX_SCRATCH_BYTES) scratch = NOTHING;
  const result: ReadingResult = { answer, body: keepsBody ? body : undefined };
  const memory = [
    ...(keepsBody ? [body.buffer as ArrayBuffer] : []),
    ...('report' in answer ? [bufferOf(answer.report)] : []),
  ];
  parentPort?.postMessage(result, memory);
});

function join(blocks: readonly Uint8Array[], keepsBody: boolean): Buffer {
  const [first = NOTHING, ...others] = blocks;
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
