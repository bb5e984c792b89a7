// Log lines for people at a terminal: the JSON of pino as one short line.

import { pino } from 'pino';

type Fields = Readonly<Record<string, unknown>>;

interface Operation {
  readonly operationName: string | null;
  readonly caller?: string;
  readonly status: number;
  readonly durationMs: number;
  readonly cache?: Readonly<Record<string, number>>;
  readonly upstreamMs?: number;
  readonly responseCacheHit?: boolean;
  readonly errorCodes?: readonly string[];
  readonly errorReasons?: readonly string[];
  readonly clientClosed?: boolean;
}

/** Texts for the counts in `cache`. */
const SOURCES: Readonly<Record<string, string>> = {
  hit: 'from cache',
  stale: 'from cache, stale',
  shared: 'from Redis',
  collapsed: 'with another request',
  miss: 'from ScaleOps',
};
const NAME_WIDTH = 20;
// A name may come from a token, and must not move the cursor of the terminal.
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/g;

/** @param json a line of the log, with its line break. */
export function toReadableLine(json: string): string {
  const { time, level, msg, ...fields } = JSON.parse(json) as Fields & { time: string; level: number; msg: string };
  const text = msg === 'operation' ? describeOperation(fields as unknown as Operation) : describe(level, msg, fields);
  return `${`${time.slice(11, 19)} ${text}`.replaceAll(CONTROL_CHARACTERS, ' ').trimEnd()}\n`;
}

function describeOperation(operation: Operation): string {
  const {
    operationName,
    caller,
    status,
    durationMs,
    cache = {},
    upstreamMs,
    errorCodes = [],
    errorReasons = [],
  } = operation;
  const sources = Object.entries(SOURCES)
    .filter(([name]) => (cache[name] ?? 0) > 0)
    .map(
      ([name, text]) =>
        `${cache[name]} ${text}${name === 'miss' && upstreamMs !== undefined ? ` (${Math.round(upstreamMs)} ms)` : ''}`,
    );
  return [
    (operationName ?? '(no name)').padEnd(NAME_WIDTH),
    String(status),
    `${Math.round(durationMs)} ms`.padStart(9),
    '',
    [
      ...(operation.responseCacheHit ? ['response from cache'] : sources),
      ...errorCodes,
      ...errorReasons,
      ...(caller === undefined ? [] : [`caller ${caller}`]),
      ...(operation.clientClosed ? ['client closed'] : []),
    ].join(', '),
  ].join(' ');
}

function describe(level: number, msg: string, fields: Fields): string {
  const label = pino.levels.labels[level] ?? '';
  const shown = Object.entries(fields).filter(([, value]) => JSON.stringify(value) !== '[]');
  const details = shown.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [...(label === 'info' ? [] : [`${label.toUpperCase()}:`]), msg, ...details].join(' ');
}
