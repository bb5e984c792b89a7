// The table of ScaleOps faults, one row each: the fault, and its expected outcome. One suite runs it without a stale
// report, another with one. Independent of the product's tables, so a change there needs a change here.

import type { UpstreamErrorCode } from '../../../src/errors.js';
import * as faults from './fault-server.js';
import type { Fault } from './fault-server.js';
import { TOKEN } from '../gateway.js';

export interface Outcome {
  readonly code: UpstreamErrorCode;
  readonly hint?: string;
  readonly retryAfterMs?: number;
}

/** A pause of random length, or of exactly this one. */
export type Wait = 'jitter' | number;

export interface Row extends Outcome {
  readonly title: string;
  readonly fault: Fault;
  /** The pauses between the attempts: one less than attempts. */
  readonly waits: readonly Wait[];
  /** On a reused connection it looks like an idle close: one more attempt, immediately. */
  readonly immediate?: boolean;
  /** Whether a stale report is served instead. */
  readonly stale: boolean;
  /** Whether all cached reports of the principal are purged. */
  readonly purges: boolean;
  /** The fault never ends by itself, so the test must advance time. */
  readonly hangs?: boolean;
  /** The gateway closes the connection; otherwise either side may. */
  readonly closes?: boolean;
}

const PATH_HINT = 'Check SCALEOPS_WORKLOADS_PATH.';
const TOKEN_HINT = 'Check SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE.';

/** The attempts of each fault: "budget" is the maximum number of attempts. */
const WAITS = { never: [], once: ['jitter'], budget: ['jitter', 'jitter'] } as const;
type Retried = keyof typeof WAITS;

const row = (title: string, fault: Fault, code: UpstreamErrorCode, retried: Retried, rest: Partial<Row> = {}): Row => ({
  title,
  fault,
  code,
  waits: WAITS[retried],
  stale: true,
  purges: false,
  ...rest,
});

const refusal = (title: string, fault: Fault): Row =>
  row(title, fault, 'UPSTREAM_UNAUTHENTICATED', 'never', { stale: false, purges: true, hint: TOKEN_HINT });

const HANGS = { hangs: true, closes: true };
const CLOSES = { closes: true };

const CONNECTION_ROWS: readonly Row[] = [
  row('a reset before the headers', faults.resetBeforeHeaders, 'UPSTREAM_UNAVAILABLE', 'budget', { immediate: true }),
  row('a close before the headers', faults.closeBeforeHeaders, 'UPSTREAM_UNAVAILABLE', 'budget', { immediate: true }),
  row('a reset in the body', faults.resetInBody, 'UPSTREAM_UNAVAILABLE', 'budget'),
  row('a close in a body of known length', faults.closeInBody, 'UPSTREAM_UNAVAILABLE', 'budget'),
  row('a close in a chunked body', faults.closeInChunkedBody, 'UPSTREAM_UNAVAILABLE', 'budget'),
  row('a close-delimited body cut short', faults.cutCloseDelimited, 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('headers that never come', faults.neverRespond, 'UPSTREAM_TIMEOUT', 'never', HANGS),
  row('headers that stop half-way', faults.stopInHeaders, 'UPSTREAM_TIMEOUT', 'never', HANGS),
  row('a body that stops half-way', faults.stopInBody, 'UPSTREAM_TIMEOUT', 'never', HANGS),
  row('a body that drips', faults.createDrip().fault, 'UPSTREAM_TIMEOUT', 'never', HANGS),
  row('a body longer than its length', faults.lengthTooShort, 'UPSTREAM_BAD_RESPONSE', 'once', CLOSES),
  row('garbage instead of HTTP', faults.garbage, 'UPSTREAM_BAD_RESPONSE', 'once', CLOSES),
  row('headers over the limit', faults.hugeHeaders, 'UPSTREAM_BAD_RESPONSE', 'once', CLOSES),
  row('a chunk size that is none', faults.badChunkSize, 'UPSTREAM_BAD_RESPONSE', 'once', CLOSES),
];

const notReports: readonly (readonly [string, unknown])[] = [
  ['a string', 'canary'],
  ['an array', ['canary']],
  ['a number', 7],
  ['null', null],
  ['a boolean', true],
  ['an empty object', {}],
  ['aggregatedWorkloads an object', { aggregatedWorkloads: { canary: 1 } }],
  ['aggregatedWorkloads a string', { aggregatedWorkloads: 'canary' }],
  ['rows that are numbers', { aggregatedWorkloads: [1, 2] }],
  ['rows that are null', { aggregatedWorkloads: [null] }],
  ['a list under another name', { canary: [] }],
];

const tooLarge = (title: string, fault: Fault, rest: Partial<Row> = {}): Row =>
  row(title, fault, 'UPSTREAM_RESPONSE_TOO_LARGE', 'never', { stale: false, ...rest });
const page = (title: string, html: string): Row =>
  row(title, faults.html(html), 'UPSTREAM_BAD_RESPONSE', 'never', { hint: PATH_HINT });

const BODY_ROWS: readonly Row[] = [
  row('an empty body', faults.text(''), 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('a blank body', faults.text(' \n'), 'UPSTREAM_BAD_RESPONSE', 'once'),
  page('HTML with 200', '<h1>canary of maintenance</h1>'),
  page('HTML that speaks of the design in a catalog index', 'design in a catalog index: canary'),
  refusal('a login page with 200', faults.loginPage),
  refusal('a page titled "Log in" with 200', faults.html('<h1>Log in</h1>canary')),
  row('truncated JSON', faults.truncatedJson, 'UPSTREAM_BAD_RESPONSE', 'once'),
  ...notReports.map(([title, value]) => row(`JSON: ${title}`, faults.json(value), 'UPSTREAM_BAD_RESPONSE', 'never')),
  row('{"error"} with 200', faults.json({ error: 'canary' }), 'UPSTREAM_ERROR', 'never'),
  row(
    '{"error"} with 200 and a null list',
    faults.json({ error: 'canary', aggregatedWorkloads: null }),
    'UPSTREAM_ERROR',
    'never',
  ),
  row('corrupt gzip', faults.corruptGzip, 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('gzip with a wrong checksum', faults.wrongGzipChecksum, 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('truncated gzip', faults.truncatedGzip, 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('plain text called gzip', faults.notGzip, 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('corrupt brotli', faults.corruptBrotli, 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('a corrupt block of brotli', faults.corruptBrotliBlock, 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('truncated brotli', faults.truncatedBrotli, 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('a reset in a gzip body', faults.resetInGzip, 'UPSTREAM_UNAVAILABLE', 'budget'),
  row('a gzip body that stops half-way', faults.stopInGzip, 'UPSTREAM_TIMEOUT', 'never', HANGS),
  row('an unknown content coding', faults.unknownCoding, 'UPSTREAM_BAD_RESPONSE', 'never'),
  ...faults.prototypeCodings.map((fault, at) => row(`prototype coding ${at}`, fault, 'UPSTREAM_BAD_RESPONSE', 'never')),
  tooLarge('a body over the limit', faults.tooLong(), CLOSES),
  tooLarge('one byte over the limit', faults.text(faults.reportOfLength(1_048_577))),
  tooLarge('a gzip bomb', faults.gzipBomb(), CLOSES),
  tooLarge('a brotli bomb', faults.brotliBomb(), CLOSES),
];

const elsewhere = (title: string, location: string): Row =>
  row(title, faults.redirect(location), 'UPSTREAM_BAD_RESPONSE', 'never', { stale: false });

// A debugging proxy may echo the request.
const ECHO = `Authorization: Bearer ${TOKEN}`;
const ECHO_ROWS: readonly Row[] = [
  refusal('in a refusal', faults.respond(401, ECHO, { 'x-echo': ECHO })),
  row('in a body', faults.text(ECHO), 'UPSTREAM_BAD_RESPONSE', 'once'),
  row('in {"error"}', faults.json({ error: ECHO }), 'UPSTREAM_ERROR', 'never'),
  elsewhere('in a redirect', `/${TOKEN}`),
];

const statusRow = (code: number, outcome: UpstreamErrorCode, retried: Retried, rest: Partial<Row> = {}): Row =>
  row(`status ${code}`, faults.status(code), outcome, retried, rest);

const NO_STALE = { stale: false };
const FORBIDDEN = { stale: false, purges: true };
const NOT_FOUND = { stale: false, hint: PATH_HINT };

const STATUS_ROWS: readonly Row[] = [
  row('status 204', faults.bareStatus(204), 'UPSTREAM_BAD_RESPONSE', 'never'),
  statusRow(206, 'UPSTREAM_BAD_RESPONSE', 'never'),
  row('status 304', faults.bareStatus(304), 'UPSTREAM_BAD_RESPONSE', 'never', NO_STALE),
  statusRow(400, 'UPSTREAM_REJECTED', 'never', NO_STALE),
  refusal('status 401', faults.status(401)),
  statusRow(403, 'UPSTREAM_FORBIDDEN', 'never', FORBIDDEN),
  row('403 with Retry-After', faults.status(403, { 'retry-after': 3 }), 'UPSTREAM_FORBIDDEN', 'never', FORBIDDEN),
  statusRow(404, 'UPSTREAM_NOT_FOUND', 'never', NOT_FOUND),
  statusRow(405, 'UPSTREAM_NOT_FOUND', 'never', NOT_FOUND),
  statusRow(408, 'UPSTREAM_TIMEOUT', 'budget'),
  statusRow(418, 'UPSTREAM_REJECTED', 'never', NO_STALE),
  statusRow(422, 'UPSTREAM_REJECTED', 'never', NO_STALE),
  statusRow(429, 'UPSTREAM_RATE_LIMITED', 'never'),
  statusRow(500, 'UPSTREAM_ERROR', 'budget'),
  statusRow(501, 'UPSTREAM_ERROR', 'never'),
  statusRow(502, 'UPSTREAM_UNAVAILABLE', 'budget'),
  statusRow(503, 'UPSTREAM_UNAVAILABLE', 'budget'),
  statusRow(504, 'UPSTREAM_TIMEOUT', 'budget'),
  ...[302, 303, 307].map((code) => refusal(`${code} to /login`, faults.redirect('/login?next=canary', code))),
  elsewhere('302 to another path', '/canary'),
  elsewhere('302 to nowhere', 'http://[canary'),
  elsewhere('302 to another host', 'https://canary.invalid/canary'),
  elsewhere('302 to /login of another host', 'https://canary.invalid/login'),
];

const retryAfter = (value: string, retryAfterMs?: number, waits: readonly Wait[] = []): Row => ({
  ...row(`429, Retry-After: ${value}`, faults.status(429, { 'retry-after': value }), 'UPSTREAM_RATE_LIMITED', 'never'),
  waits,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const unavailable = (value: string, retryAfterMs: number, waits: readonly Wait[] = []): Row => ({
  ...row(`503, Retry-After: ${value}`, faults.status(503, { 'retry-after': value }), 'UPSTREAM_UNAVAILABLE', 'never'),
  waits,
  retryAfterMs,
});

/** How long no call is made after the last attempt of a row: a 429 with Retry-After suspends calls, for at most a minute. */
export const pauseOf = ({ code, retryAfterMs = 0 }: Outcome): number =>
  code === 'UPSTREAM_RATE_LIMITED' ? Math.min(retryAfterMs, 60_000) : 0;

/** When ScaleOps fails, on the clock of these tests. */
export const FAULT_AT = Date.UTC(2026, 0, 31);

const RETRY_AFTER_ROWS: readonly Row[] = [
  retryAfter('0', 0, ['jitter', 'jitter']),
  retryAfter('3', 3_000, [3_000, 3_000]),
  retryAfter('5', 5_000, [5_000, 5_000]),
  retryAfter('6', 6_000),
  retryAfter('Sat, 31 Jan 2026 00:00:04 GMT', 0, [4_000, 'jitter']),
  retryAfter('Sat, 31 Jan 2026 00:01:30 GMT', 90_000),
  retryAfter('Fri, 30 Jan 2026 00:00:00 GMT', 0, ['jitter', 'jitter']),
  retryAfter('999999999', 3_600_000),
  retryAfter('99999999999999999999', 3_600_000),
  retryAfter('Sun, 31 Jan 2099 00:00:00 GMT', 3_600_000),
  ...['-5', '1.5', '1e3', 'canary', 'Wat, 1', 'Sat, 99 Jan 2026 99:99:99 GMT'].map((value) => retryAfter(value)),
  unavailable('3', 3_000, [3_000, 3_000]),
  unavailable('7', 7_000),
];

export const ROW_GROUPS: readonly (readonly [string, readonly Row[]])[] = [
  ['a fault of the connection', CONNECTION_ROWS],
  ['a body that is no report', BODY_ROWS],
  ['a status', STATUS_ROWS],
  ['a Retry-After', RETRY_AFTER_ROWS],
  ['an echo of the token', ECHO_ROWS],
];
