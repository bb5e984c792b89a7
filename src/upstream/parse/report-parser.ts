// From the bytes of an answer to a report. Small ones are read here, short ones with those that come in the same turn of
// the event loop (see cohort.ts). What would hold up everybody else is read in a thread of its own, which is started when it
// is first needed: here only the memory that comes back is wrapped.

import { createCohorts } from '../../concurrency/tick-batch.js';
import { createTurns } from '../../concurrency/semaphore.js';
import type { DecodedReport } from '../../report/report-data.js';
import { createAnswerReading, toDecoded } from './parse-response.js';
import { createLargeReports, type LargeReading } from './large-report-limit.js';
import { createReadingThread, isAlone } from './parser-thread.js';

/** Shorter bodies are read in less time than it takes everybody else to notice: some 3 ms, and 10 while V8 is cold. */
const THREAD_BYTES = 1_048_576;
/** Several longer ones in one go would hold up others. */
const SHORT_BYTES = 65_536;
/** A body that is put there is not for the thread, which would take the memory with it. */
const SCRATCH_BYTES = THREAD_BYTES - 1;
/** More of them are not kept: as many calls as run at the same time by default. */
const MAX_SCRATCHES = 8;

/** A report, what was noticed about it, and the text that it was read from, where that is wanted. */
export interface ReportOfBody extends DecodedReport {
  readonly body: Buffer | undefined;
}

/** One report that is being read. */
export interface Reading extends LargeReading {
  /** Where its body may be put until it ends: the same memory for one report after the other. */
  readonly scratch: Buffer | undefined;
}

export interface ReportReaderOptions {
  /** Whether somebody wants the texts as well. */
  readonly keepsBodies: boolean;
}

export interface ReportReader {
  /** Begins a report of which the body is still to come; to be ended whatever becomes of it. */
  begin(): Reading;
  /**
   * Reads a whole body, given in its blocks, which are not to be touched any more. @throws UpstreamError for what is no
   * report; it names `pathSetting` where that may be why.
   */
  read(blocks: readonly Buffer[], pathSetting: string): Promise<ReportOfBody>;
  close(): Promise<void>;
}

export function createReportReader({ keepsBodies }: ReportReaderOptions): ReportReader {
  const largeReports = createLargeReports();
  /** Those that nobody uses now. */
  const scratches: Buffer[] = [];
  const readAnswer = createAnswerReading();
  const thread = createReadingThread();
  const inTurn = createTurns(1);
  const together = createCohorts<() => void>((go) => {
    go();
    return undefined;
  });
  return {
    begin() {
      const reading = largeReports.begin();
      if (keepsBodies) return { ...reading, scratch: undefined };
      const scratch = scratches.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES);
      let hasEnded = false;
      const end = (): void => {
        // Given back twice it would be used by two at once, and one might read what is another's.
        if (!hasEnded && scratches.length < MAX_SCRATCHES) scratches.push(scratch);
        hasEnded = true;
        reading.end();
      };
      return { grow: reading.grow, end, scratch };
    },
    async read(blocks, pathSetting) {
      const bytes = blocks.reduce((sum, { length }) => sum + length, 0);
      if (bytes < SHORT_BYTES) await new Promise<void>(together);
      if (bytes < THREAD_BYTES) {
        const [first = Buffer.alloc(0)] = blocks;
        const body = blocks.length > 1 ? Buffer.concat(blocks) : first;
        // It may be memory that somebody else is given next.
        const { report, droppedNumbers } = toDecoded(readAnswer(body), pathSetting);
        return { report, droppedNumbers, body: keepsBodies ? body : undefined };
      }
      const { answer, body } = await inTurn(() => thread.read(blocks.map(own), keepsBodies));
      return {
        ...toDecoded(answer, pathSetting),
        body: body && Buffer.from(body.buffer, body.byteOffset, body.byteLength),
      };
    },
    close: () => thread.close(),
  };
}

/** Memory that nobody else has a part of: all of it changes hands. */
function own(block: Buffer): Uint8Array {
  return isAlone(block) ? block : new Uint8Array(block);
}
