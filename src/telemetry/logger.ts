// The log of the process: one JSON object a line, to standard output.

import { pino, type Logger } from 'pino';

/** Lines are written when there are so many bytes of them, each time by another thread, and at the latest so often. */
const LOG_LENGTH = 8_192;
const LOG_FLUSH_MS = 20;
/** Each holds on to a request until then. */
const MAX_TO_MAKE = 64;

export interface LogOptions {
  readonly level: string;
  /** Told what writes the last lines. */
  readonly onEnd: (flush: () => void) => void;
}

/** Any logger of pino's, with what our own can do beside. */
export type GatewayLogger = Logger & {
  /** Like `info` with an object of these fields, which are JSON already, without the braces; made a little later. */
  readonly infoFields?: (fields: () => string, message: string) => void;
};

export function createLogger({ level, onEnd }: LogOptions): GatewayLogger {
  const timestamp = createTimestamp();
  const lines = collectLines(LOG_LENGTH, onEnd);
  const logger = pino({ level, base: null, timestamp }, lines);
  const opening = `{"level":${logger.levels.values.info}`;
  return Object.assign(logger, {
    infoFields(fields: () => string, message: string) {
      if (!logger.isLevelEnabled('info')) return;
      const time = timestamp();
      lines.add(() => `${opening}${time},${fields()},"msg":"${message}"}\n`);
    },
  });
}

/**
 * Collects lines in front of pino's own destination. That would do so too, but counts anew with each line all that it has,
 * and keeps the small pieces of each until they are cold: together twice what it takes to make a line.
 */
function collectLines(length: number, onEnd: LogOptions['onEnd']) {
  // What is shorter waits to be flushed, which at the end has to be done at once.
  const destination = pino.destination({ dest: 1, minLength: length });
  const lines = Buffer.allocUnsafe(2 * length);
  let end = 0;
  let toMake: (() => string)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const pass = (): void => {
    if (end > 0) destination.write(lines.toString('utf8', 0, end));
    end = 0;
  };
  const put = (line: string): void => {
    // At most three bytes each.
    if (3 * line.length > length) {
      pass();
      destination.write(line);
    } else end += lines.write(line, end);
    if (end >= length) pass();
  };
  const makeAll = (): void => {
    const due = toMake;
    toMake = [];
    for (const make of due) put(make());
  };
  const onTime = (): void => {
    timer = undefined;
    makeAll();
    pass();
    destination.flush();
  };
  const setTimer = (): void => {
    timer ??= setTimeout(onTime, LOG_FLUSH_MS).unref();
  };
  onEnd(() => {
    makeAll();
    pass();
    destination.flushSync();
  });
  return {
    write(line: string): void {
      // In their order.
      makeAll();
      put(line);
      setTimer();
    },
    /** A line that is made with those that come soon after it: the code is then in the processor's caches. */
    add(make: () => string): void {
      if (toMake.push(make) >= MAX_TO_MAKE) makeAll();
      setTimer();
    },
  };
}

/** ISO 8601; within a millisecond it is the same. */
function createTimestamp(): () => string {
  let lastMs = Number.NaN;
  let last = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      last = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return last;
  };
}
