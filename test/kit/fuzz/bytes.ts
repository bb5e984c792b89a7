// Random bytes for a server's sockets: valid requests, requests with known defects (lengths, chunks, headers, methods,
// targets, smuggling), and both with bytes changed, removed, or truncated.

import type { Choices } from './choices.js';
import type { FuzzRequest } from './requests.js';

const EOL = '\r\n';
/** Half of them are no UTF-8. */
const STRAY_BYTES = [0x00, 0x0a, 0x0d, 0x20, 0x3a, 0x7f, 0x80, 0xc0, 0xed, 0xff];

/** One or more requests, as the bytes of one connection. */
export function makeBytes(choices: Choices, makeRequest: () => FuzzRequest): Buffer {
  const requests = choices.some(1, choices.chance(20) ? 4 : 1, makeRequest);
  const bytes = Buffer.concat(requests.map((request) => Buffer.from(writeRequest(choices, request))));
  return choices.chance(50) ? mutateBytes(choices, bytes) : bytes;
}

function writeRequest(choices: Choices, request: FuzzRequest): string {
  const body = request.body ?? '';
  const headers = Object.entries({ host: 'localhost', ...request.headers }).map(([name, value]) => `${name}: ${value}`);
  const isOdd = choices.chance(75);
  const framed = isOdd ? choices.pick(FRAMINGS)(body, choices) : frame(body);
  const line =
    isOdd && choices.chance(30) ? makeRequestLine(choices, request) : `${request.method} ${request.target} HTTP/1.1`;
  if (isOdd && choices.chance(30))
    headers.splice(choices.below(headers.length + 1), choices.below(2), ...choices.pick(HEADERS)());
  return [line, ...headers, framed].join(EOL);
}

const frame = (body: string, length: string | number = Buffer.byteLength(body)): string =>
  `content-length: ${length}${EOL}${EOL}${body}`;

const chunk = (body: string, size = body.length, end = `0${EOL}${EOL}`): string =>
  `${size.toString(16)}${EOL}${body}${EOL}${end}`;

const TE = 'transfer-encoding: chunked';
const HIDDEN = `GET /graphql?query={hidden:__typename} HTTP/1.1${EOL}host: localhost${EOL}apollo-require-preflight: 1${EOL}${EOL}`;

/** The framing headers of a body, with the body. */
const FRAMINGS: readonly ((body: string, choices: Choices) => string)[] = [
  (body) => frame(body),
  (body, choices) => frame(body, Buffer.byteLength(body) + choices.pick([-1, 1, -20, 1_000_000])),
  (body, choices) =>
    frame(body, choices.pick(['-1', '+5', '0x10', '1e3', '', ' ', '5, 5', '5,6', '99999999999999999999', '5 5', 'a'])),
  (body) => `content-length: ${body.length}${EOL}${frame(body, body.length + 1)}`,
  (body) => `${EOL}${body}`,
  (body) => `${TE}${EOL}${EOL}${chunk(body, Buffer.byteLength(body))}`,
  (body, choices) => `${TE}${EOL}${EOL}${chunk(body, choices.pick([0, 1, 2 ** 31, 2 ** 52]))}`,
  (body, choices) =>
    `${TE}${EOL}${EOL}${choices.pick(['zz', '-1', '', '0x5', '5;a=b', ';', '\u0000', 'f'.repeat(40)])}${EOL}${body}`,
  (body) =>
    `${TE}${EOL}${EOL}${chunk(body, Buffer.byteLength(body), `0${EOL}trailer: x${EOL}content-length: 5${EOL}${EOL}`)}`,
  (body) => `${TE}${EOL}${EOL}5;${'x'.repeat(20_000)}${EOL}${body}`,
  // Two ways to frame the body.
  (body) => `${TE}${EOL}${frame(chunk(body) + HIDDEN, 4)}`,
  (body) => `${frame(body).split(EOL, 1)[0]!}${EOL}${TE}${EOL}${EOL}0${EOL}${EOL}${HIDDEN}`,
  (body, choices) =>
    `${choices.pick(['transfer-encoding : chunked', 'transfer-encoding: xchunked', 'transfer-encoding: chunked, identity', `transfer-encoding: identity${EOL}${TE}`, `transfer-encoding:${EOL} chunked`, 'transfer-encoding: \u000bchunked'])}${EOL}${frame(body)}${HIDDEN}`,
  (body) => `${frame(body)}${HIDDEN}`,
];

function makeRequestLine(choices: Choices, { method, target }: FuzzRequest): string {
  const methods = [
    'OPTIONS',
    'HEAD',
    'TRACE',
    'CONNECT',
    'PATCH',
    'DELETE',
    'PUT',
    'QUERY',
    'get',
    'PRI',
    '',
    'G\u0000T',
  ];
  const targets = [
    ...[
      '*',
      '/',
      '//evil.test/graphql',
      'http://evil.test/graphql',
      'HTTP://x:99999/',
      'evil.test:443',
      '',
      '?',
      '/graphql/',
      '/GRAPHQL',
    ],
    ...[
      '/graphql?query=%',
      '/graphql?query=%ff',
      '/graphql?query',
      '/graphql#a',
      '/graphql/../x',
      '/%2e%2e/',
      '/\u0000',
      '/health/live',
      '/metrics',
    ],
    ...[
      '/graphql?query={__typename}&query={b}',
      `/${'a'.repeat(20_000)}`,
      '/graphql?variables[a]=1',
      'ftp://x/',
      '\\graphql',
      '/__proto__',
    ],
  ];
  const version = choices.chance(10)
    ? choices.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.10', 'http/1.1', ''])
    : 'HTTP/1.1';
  return `${choices.chance(40) ? choices.pick(methods) : method} ${choices.chance(70) ? choices.pick(targets) : target} ${version}`;
}

/** Lines to insert among the others; created on demand, because some are long. */
const HEADERS: readonly (() => string[])[] = [
  () => ['host: other'],
  () => ['host: [', 'host: a b'],
  () => Array.from({ length: 2_500 }, (_, at) => `x-${at}: ${at}`),
  () => [`x-long: ${'a'.repeat(70_000)}`],
  () => ['expect: 100-continue'],
  () => ['expect: the unexpected'],
  () => [
    'connection: upgrade',
    'upgrade: websocket',
    'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
    'sec-websocket-version: 13',
  ],
  () => ['connection: upgrade, http2-settings', 'upgrade: h2c', 'http2-settings: AAMAAABkAAQAAP__'],
  () => ['connection: close, keep-alive, host, content-length'],
  () => ['accept: application/json', 'accept: text/csv'],
  () => ['content-type: application/json', 'content-type: text/plain'],
  () => ['authorization: Bearer a', 'authorization: Bearer b'],
  () => [' folded: line', '\tx'],
  () => ['no colon', ': no name', 'a b: c', 'x\u0000: y', 'x: a\u0000b', '__proto__: x'],
  () => ['x-utf: é😀', 'x-request-id: \u00ff', 'accept: \u00e9'],
];

type Mutation = (choices: Choices, bytes: Buffer) => Buffer;

function mutateBytes(choices: Choices, bytes: Buffer): Buffer {
  // Most bytes belong to documents and bodies: half of the changes concern the head.
  const within = choices.chance(50) ? Math.min(bytes.length, 200) : bytes.length;
  const pick = (): number => choices.below(within);
  const cut = (from: number, to: number, ...between: Buffer[]): Buffer =>
    Buffer.concat([bytes.subarray(0, from), ...between, bytes.subarray(to)]);
  const mutations: readonly Mutation[] = [
    () => bytes.subarray(0, pick()),
    () => {
      const at = pick();
      return cut(at, at + 1, Buffer.from([choices.pick(STRAY_BYTES)]));
    },
    () => {
      const at = pick();
      return cut(at, at, Buffer.from(choices.some(1, 8, () => choices.below(256))));
    },
    () => {
      const at = pick();
      return cut(at, at + choices.below(40));
    },
    () => {
      const at = pick();
      return cut(at, at, bytes.subarray(at, at + choices.below(400)));
    },
    () => Buffer.from(choices.some(0, 60, () => choices.below(256))),
    () =>
      Buffer.from(bytes.toString('latin1').replaceAll(EOL, choices.pick(['\n', '\r', '\r\n ', '\r\n\r\n'])), 'latin1'),
    () =>
      Buffer.concat([
        Buffer.from(choices.pick([EOL, '\n\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01\x02\x00'])),
        bytes,
      ]),
  ];
  return choices.pick(mutations)(choices, bytes);
}
