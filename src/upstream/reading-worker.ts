// The thread that reads large bodies: one after the other, from blocks of bytes to the columns of a report. Memory changes
// hands both ways, and nothing is copied from thread to thread.

import { parentPort } from 'node:worker_threads';

import { bufferOf } from '../report/report-data.js';
import { createAnswerReading, type ReadAnswer } from './answer.js';

/** A body to read, in its blocks. */
export interface ReadingTask {
  readonly blocks: readonly Uint8Array[];
}

/** What it is, and the body in one piece. */
export interface ReadingResult {
  readonly answer: ReadAnswer;
  readonly body: Uint8Array;
}

const readAnswer = createAnswerReading();

parentPort?.on('message', ({ blocks }: ReadingTask) => {
  const [first = new Uint8Array(), ...others] = blocks;
  const whole = others.length === 0 ? first : Buffer.concat(blocks);
  const body = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  const answer = readAnswer(body);
  const result: ReadingResult = { answer, body };
  const memory = [body.buffer as ArrayBuffer, ...('report' in answer ? [bufferOf(answer.report)] : [])];
  parentPort?.postMessage(result, memory);
});
