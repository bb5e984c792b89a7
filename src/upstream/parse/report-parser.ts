// From the bytes of a response to a report. Small bodies are parsed here. Bodies that would hold up the event loop are
// parsed in a thread, which is started when it is first needed: here only the memory that it returns is wrapped.

import { createAbortController } from '../../concurrency/abort.js';
import { Semaphore } from '../../concurrency/semaphore.js';
import type { DecodedReport } from '../../report/report-data.js';
import { createResponseParser, toReportOrThrow } from './parse-response.js';
import { LargeReportLimit, type LargeReportPermit } from './large-report-limit.js';
import { createParserThread, ownsItsMemory } from './parser-thread.js';

/** Shorter bodies are parsed in some 3 ms, and in 10 while V8 has not compiled the parser yet. */
const THREAD_BYTES = 1_048_576;
/** A body in scratch memory is never sent to the thread, which would take the memory with it. */
const SCRATCH_BYTES = THREAD_BYTES - 1;
/** As many as calls run at once by default; more scratch memory is not kept. */
const MAX_SCRATCHES = 8;

/** A report, what was noticed about it, and the body that it was parsed from, where that is kept. */
export interface ParsedReport extends DecodedReport {
  readonly body: Buffer | undefined;
}

/** One body, from its first byte until it is parsed. */
export interface ParsePermit extends LargeReportPermit {
  /** Where the body may be put until `release`: the same memory serves one body after the other. */
  readonly scratch: Buffer | undefined;
}

export interface ReportParserOptions {
  /** Whether the bodies are wanted as well. */
  readonly keepsBodies: boolean;
  /** How many large bodies are read and parsed at once. */
  readonly largeBodies?: number;
}

export interface ReportParser {
  /** Starts a body that is still to arrive. The permit must be released, whatever becomes of the body. */
  start(): ParsePermit;
  /**
   * Parses a whole body, given in its blocks, which must not be used afterwards.
   * @throws UpstreamError for what is no report; it names `pathSetting` where that may be why.
   */
  parse(blocks: readonly Buffer[], pathSetting: string): Promise<ParsedReport>;
  close(): Promise<void>;
}

export function createReportParser({ keepsBodies, largeBodies }: ReportParserOptions): ReportParser {
  const limit = new LargeReportLimit(largeBodies);
  /** Scratch memory that no body uses now. */
  const scratches: Buffer[] = [];
  const parseResponse = createResponseParser();
  const thread = createParserThread();
  const threadUse = new Semaphore({ max: 1 });
  const caller = createAbortController();
  return {
    start() {
      const permit = limit.start();
      if (keepsBodies) return { ...permit, scratch: undefined };
      const scratch = scratches.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES);
      let isReleased = false;
      const release = (): void => {
        // Memory that was given back twice would be used by two bodies at once.
        if (!isReleased && scratches.length < MAX_SCRATCHES) scratches.push(scratch);
        isReleased = true;
        permit.release();
      };
      return { addBytes: permit.addBytes, release, scratch };
    },
    async parse(blocks, pathSetting) {
      const bytes = blocks.reduce((sum, { length }) => sum + length, 0);
      if (bytes < THREAD_BYTES) {
        const [first = Buffer.alloc(0)] = blocks;
        const body = blocks.length > 1 ? Buffer.concat(blocks) : first;
        // The body may lie in scratch memory: it is returned only where none is used.
        const { report, droppedNumbers } = toReportOrThrow(parseResponse(body), pathSetting);
        return { report, droppedNumbers, body: keepsBodies ? body : undefined };
      }
      const task = () => thread.parse(blocks.map(toOwnMemory), keepsBodies);
      const { response, body } = await threadUse.run(caller, task);
      return {
        ...toReportOrThrow(response, pathSetting),
        body: body && Buffer.from(body.buffer, body.byteOffset, body.byteLength),
      };
    },
    close: () => thread.close(),
  };
}

/** A block that is all of its memory, which can be transferred to the thread. */
function toOwnMemory(block: Buffer): Uint8Array {
  return ownsItsMemory(block) ? block : new Uint8Array(block);
}
