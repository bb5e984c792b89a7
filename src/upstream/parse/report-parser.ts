// From the bytes of a response to a report. Small bodies are parsed here. Bodies that would hold up the event loop are
// parsed in a thread, which is started when it is first needed: here only the memory that it returns is wrapped.

import { createLimiter, Semaphore, type Permit } from '../../concurrency/semaphore.js';
import type { Report } from '../../report/report.js';
import { createResponseParser, toReportOrThrow, type RequestContext } from './parse-response.js';
import { createParserThread, ownsItsMemory } from './parser-thread.js';

/** Shorter bodies are parsed in some 3 ms, and in 10 while V8 has not compiled the parser yet. */
const THREAD_BYTES = 1_048_576;
/** A body that has grown to more is large: it takes some hundred megabytes until it has become columns. */
const LARGE_BYTES = 4_194_304;
const DEFAULT_LARGE_BODIES = 4;

/** A report, and its body when `keepsBodies` is set. */
interface ParsedReport {
  readonly report: Report;
  readonly body: Buffer | undefined;
}

interface ReportParserOptions {
  /** Whether bodies are returned as well. */
  readonly keepsBodies: boolean;
  /** How many large bodies are read and parsed concurrently. */
  readonly largeBodies?: number;
}

export type ReportParser = ReturnType<typeof createReportParser>;

export function createReportParser({ keepsBodies, largeBodies = DEFAULT_LARGE_BODIES }: ReportParserOptions) {
  const large = new Semaphore({ max: largeBodies });
  const parseResponse = createResponseParser();
  const thread = createParserThread();
  const limit = createLimiter(1);
  return {
    /** Starts a body that is still to arrive. The permit must be released in any case. */
    start() {
      const lifetime = new AbortController();
      let permit: Promise<Permit> | undefined;
      return {
        /**
         * Called with the length of the body so far. Returns a promise once, when the body has grown large: no more of
         * it may be read before that resolves. It rejects if `release` is called first.
         */
        addBytes(totalBytes: number): Promise<unknown> | undefined {
          if (permit !== undefined || totalBytes <= LARGE_BYTES) return undefined;
          permit = large.acquire(lifetime);
          return permit;
        },
        /** Further calls do nothing. */
        release(): void {
          lifetime.abort();
          permit?.then(
            (acquired) => {
              acquired.release();
            },
            () => undefined,
          );
        },
      };
    },
    /**
     * Parses a whole body, given in its blocks, which must not be used afterwards.
     * @throws UpstreamError for a body that is not a report.
     */
    async parse(blocks: readonly Buffer[], context: RequestContext): Promise<ParsedReport> {
      const bytes = blocks.reduce((sum, { length }) => sum + length, 0);
      if (bytes < THREAD_BYTES) {
        const body = Buffer.concat(blocks);
        return { report: toReportOrThrow(parseResponse(body), context), body: keepsBodies ? body : undefined };
      }
      const { response, body } = await limit(() => thread.parse(blocks.map(toOwnMemory), keepsBodies));
      return {
        report: toReportOrThrow(response, context),
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
