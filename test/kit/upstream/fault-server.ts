// A ScaleOps with faults on real sockets. It reads HTTP/1.1 by hand over node:net, so that it can send bytes that no
// HTTP server would; a test sets a fault for each path, and other paths get valid responses. Every fault contains
// canaries, which must never leak from the gateway.

import { once } from 'node:events';
import { createServer as createNetServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { createGate, type Gate } from '../time/gate.js';

/** Part of every text of a faulty upstream, and of the host names and paths of these tests. */
export const CANARY = 'canary';

export interface SeenRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The connection of the request. */
  readonly socket: Socket;
  /** Resolves when that connection is closed, by either side. */
  readonly closed: Promise<unknown>;
}

/** The reaction to a request: writes to its socket, or does nothing. */
export type Fault = (socket: Socket) => void;

export interface FaultServer extends AsyncDisposable {
  /** Includes a base path with a canary. */
  readonly url: string;
  readonly port: number;
  /** The requests, in order. */
  readonly requests: readonly SeenRequest[];
  /** The number of received bytes, including bytes that are no request. */
  readonly bytesReceived: () => number;
  /** Later requests to paths that end in `path` get `fault`. */
  respond(path: string, fault: Fault): void;
  /** Resolves when `count` requests have arrived since the start. */
  arrivals(count: number): Promise<void>;
  /** Closes the port and every connection; `start` opens the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface FaultServerOptions {
  /** Speaks TLS, with an untrusted certificate. */
  readonly tls?: boolean;
  /** Applied to each connection before any bytes have arrived. */
  readonly onConnection?: Fault;
}

export async function startFaultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  const requests: SeenRequest[] = [];
  const faults = new Map<string, Fault>();
  const sockets = new Set<Socket>();
  const gate: Gate = createGate();
  let bytes = 0;
  const onRequest = (request: SeenRequest): void => {
    requests.push(request);
    const fault = [...faults].find(([path]) => request.path.split('?')[0]!.endsWith(path))?.[1] ?? json(goodReport());
    fault(request.socket);
    void gate.pass();
  };
  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // The gateway resets connections that it aborts; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    options.onConnection?.(socket);
    readRequests(socket, onRequest);
  };
  const server: Server = options.tls
    ? createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, onConnection)
    : createNetServer({ noDelay: true }, onConnection);
  // For the TLS server a handshake that the client aborts is an error; here it is the expected result.
  server.on('tlsClientError', () => undefined);
  let port = 0;
  const start = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await start();
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}/${CANARY}-in-base-path`,
    port,
    requests,
    bytesReceived: () => bytes,
    respond: (path, fault) => faults.set(path, fault),
    arrivals: gate.arrivals,
    stop,
    start,
    [Symbol.asyncDispose]: stop,
  };
}

/** Requests one after the other; the gateway does not pipeline. */
function readRequests(socket: Socket, onRequest: (request: SeenRequest) => void): void {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    const headEnd = pending.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const [requestLine = '', ...lines] = pending.toString('latin1', 0, headEnd).split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => /^(.+?):\s*(.*)$/.exec(line)!.slice(1) as [string, string]));
    const bodyEnd = headEnd + 4 + Number(headers['content-length'] ?? 0);
    if (pending.length < bodyEnd) return;
    const body = pending.toString('utf8', headEnd + 4, bodyEnd);
    pending = pending.subarray(bodyEnd);
    onRequest({ path: requestLine.split(' ')[1] ?? '', headers, body, socket, closed });
  });
}

/** A report of one workload with this name. */
export function goodReport(name = 'api'): object {
  return {
    clusters: ['production'],
    window: { startTime: '2026-01-24T00:00:00Z', endTime: '2026-01-31T00:00:00Z' },
    aggregatedWorkloads: [{ id: name, workloadName: name, totalCost: 1.5 }],
  };
}

const SECRET_ROWS = JSON.stringify({
  ...goodReport(`${CANARY}-in-body`),
  message: `${CANARY}-in-body ${'x'.repeat(200)}`,
});

type Headers = Readonly<Record<string, string | number>>;

function head(status: number, headers: Headers): string {
  const all = { 'x-debug': `${CANARY}-in-header`, server: `${CANARY}-in-server`, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${CANARY}-in-status-text`, ...lines, '', ''].join('\r\n');
}

// Valid responses, in every form of HTTP.

/** A complete response with a correct content-length. */
export function respond(status: number, body: string | Buffer, headers: Headers = {}): Fault {
  const bytes = Buffer.from(body as string);
  return (socket) =>
    socket.write(Buffer.concat([Buffer.from(head(status, { 'content-length': bytes.length, ...headers })), bytes]));
}

export const json = (value: unknown): Fault => respond(200, JSON.stringify(value), JSON_TYPE);
export const gzipped = (value: unknown, coding = 'gzip'): Fault => coded(coding, gzipSync(JSON.stringify(value)));
export const brotli = (value: unknown): Fault => coded('br', brotliCompressSync(JSON.stringify(value)));

/**
 * One byte per chunk, each in its own packet: every multi-byte character is split. The event loop turns between two
 * bytes, so that the gateway reads the first before the second arrives.
 */
export function byteByByte(value: unknown): Fault {
  return (socket) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const next = (index: number): void => {
      if (index === bytes.length) {
        socket.write('0\r\n\r\n');
        return;
      }
      socket.write(Buffer.concat([Buffer.from('1\r\n'), bytes.subarray(index, index + 1), Buffer.from('\r\n')]), () =>
        setImmediate(next, index + 1),
      );
    };
    socket.write(head(200, { ...JSON_TYPE, 'transfer-encoding': 'chunked' }), () => setImmediate(next, 0));
  };
}

/** Unsolicited interim responses, with the most frequent ones in any order. */
export const INTERIM = {
  continue: 'HTTP/1.1 100 Continue\r\nx-interim: 1\r\n\r\nHTTP/1.1 100 \r\n\r\n',
  hintsThenContinue: 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n',
  manyKinds: [100, 102, 199, 103, 100].map((status) => `HTTP/1.1 ${status} X\r\n\r\n`).join(''),
  ofHttp10: 'HTTP/1.0 100 Continue\r\n\r\n',
};

/**
 * A whole response after interim responses: in one write, or byte by byte, so that the event loop reads each byte
 * before the next.
 */
export function afterInterim(value: unknown, interim: string, isSplit = false): Fault {
  return (socket) => {
    const next = (index: number): void => {
      if (index === interim.length) json(value)(socket);
      else socket.write(interim[index]!, () => setImmediate(next, index + 1));
    };
    if (isSplit) next(0);
    else {
      socket.cork();
      socket.write(interim);
      json(value)(socket);
      socket.uncork();
    }
  };
}

/** Without a length: the body ends with the connection. */
export const closeDelimited =
  (body: string): Fault =>
  (socket) =>
    socket.end(head(200, { ...JSON_TYPE, connection: 'close' }) + body);

const JSON_TYPE = { 'content-type': 'application/json' };
const HTML_TYPE = { 'content-type': 'text/html; charset=utf-8' };

const coded = (coding: string, bytes: Buffer): Fault =>
  respond(200, bytes, { ...JSON_TYPE, 'content-encoding': coding });

// Faults of the connection.

export const resetBeforeHeaders: Fault = (socket) => socket.resetAndDestroy();
export const closeBeforeHeaders: Fault = (socket) => socket.end();
export const neverRespond: Fault = () => undefined;

/** Part of the head, then nothing. */
export const stopInHeaders: Fault = (socket) => socket.write(head(200, JSON_TYPE).slice(0, 60));

const halfBody = head(200, { ...JSON_TYPE, 'content-length': SECRET_ROWS.length }) + SECRET_ROWS.slice(0, 100);

export const resetInBody: Fault = (socket) => socket.write(halfBody, () => socket.resetAndDestroy());
export const closeInBody: Fault = (socket) => socket.end(halfBody);
export const closeInChunkedBody: Fault = (socket) =>
  socket.end(`${head(200, { 'transfer-encoding': 'chunked' })}64\r\n${SECRET_ROWS.slice(0, 50)}`);
/** The length exceeds the body, and the connection stays open. */
export const stopInBody: Fault = (socket) => socket.write(halfBody);
/** The length is too short: the text is truncated, and the rest is no HTTP. */
export const lengthTooShort: Fault = respond(200, SECRET_ROWS, { 'content-length': 50 });
export const cutCloseDelimited: Fault = closeDelimited(SECRET_ROWS.slice(0, 100));

interface Drip {
  readonly fault: Fault;
  /** Sends one more byte; the body never ends. */
  readonly drop: () => void;
}

export function createDrip(status = 200): Drip {
  let drop: () => void = () => undefined;
  return {
    fault: (socket) => {
      drop = () => void socket.write('1\r\n \r\n');
      socket.write(head(status, { ...JSON_TYPE, 'transfer-encoding': 'chunked' }));
      drop();
    },
    drop: () => {
      drop();
    },
  };
}

// Faults of HTTP.

export const garbage: Fault = (socket) => socket.write(`SSH-2.0-${CANARY}-in-banner\r\n`);
export const hugeHeaders: Fault = respond(200, SECRET_ROWS, { 'x-huge': `${CANARY}-in-header`.repeat(4_000) });
export const badChunkSize: Fault = (socket) =>
  socket.write(`${head(200, { 'transfer-encoding': 'chunked' })}zz-${CANARY}\r\n`);
export const redirect = (location: string, status = 302): Fault =>
  respond(status, SECRET_ROWS, { ...HTML_TYPE, location });

/** A complete response, followed by an unsolicited second one. */
export const respondTwice =
  (value: unknown): Fault =>
  (socket) => {
    const text = JSON.stringify(value);
    const first = head(200, { ...JSON_TYPE, 'content-length': text.length }) + text;
    socket.write(first + head(200, { 'content-length': SECRET_ROWS.length }) + SECRET_ROWS);
  };

// Bodies that are no report.

export const status = (code: number, headers: Headers = {}): Fault =>
  respond(code, SECRET_ROWS, { ...JSON_TYPE, ...headers });
/** A response without a body, for the statuses that allow none. */
export const bareStatus =
  (code: number): Fault =>
  (socket) =>
    socket.write(head(code, {}));
export const text = (body: string): Fault => respond(200, body, JSON_TYPE);
export const html = (body: string): Fault =>
  respond(200, `<!doctype html><html><body>${body}</body></html>`, HTML_TYPE);
export const loginPage: Fault = html(`<form action="/${CANARY}"><input name="p" type="password"></form>`);
export const truncatedJson: Fault = text(SECRET_ROWS.slice(0, -20));

// Faults of the content encoding.

/** Flips the bits of one byte in the middle, or at `at`. */
function corrupt(bytes: Buffer, at = bytes.length >> 1): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ 0xff;
  return copy;
}

const GZIPPED = gzipSync(SECRET_ROWS);
const BROTLI = brotliCompressSync(SECRET_ROWS);

export const corruptGzip: Fault = coded('gzip', corrupt(GZIPPED));
/** The text is right but its checksum is not. */
export const wrongGzipChecksum: Fault = coded('gzip', corrupt(GZIPPED, GZIPPED.length - 8));
export const truncatedGzip: Fault = coded('gzip', GZIPPED.subarray(0, -20));
export const notGzip: Fault = coded('gzip', Buffer.from(SECRET_ROWS));
/** The first bytes are invalid brotli: another error than an invalid end. */
export const corruptBrotli: Fault = coded('br', corrupt(BROTLI, 0));
export const corruptBrotliBlock: Fault = coded('br', Buffer.alloc(200, 0xff));
export const truncatedBrotli: Fault = coded('br', BROTLI.subarray(0, -10));
export const unknownCoding: Fault = coded(`zstd-${CANARY}`, Buffer.from(SECRET_ROWS));
/** Names of inherited object properties. */
export const prototypeCodings: readonly Fault[] = ['__proto__', 'constructor', 'toString'].map((name) =>
  coded(name, Buffer.from(SECRET_ROWS)),
);

const halfGzip = Buffer.concat([
  Buffer.from(head(200, { 'content-encoding': 'gzip', 'content-length': GZIPPED.length })),
  GZIPPED.subarray(0, -20),
]);

export const resetInGzip: Fault = (socket) => socket.write(halfGzip, () => socket.resetAndDestroy());
export const stopInGzip: Fault = (socket) => socket.write(halfGzip);

/** The beginning of a body without a length: the gateway has to stop reading by itself. */
function endless(bytes: Buffer, headers: Headers): Fault {
  return (socket) => {
    socket.write(head(200, { ...JSON_TYPE, ...headers, 'transfer-encoding': 'chunked' }));
    socket.write(`${bytes.length.toString(16)}\r\n`);
    socket.write(bytes);
    socket.write('\r\n');
  };
}

const BLANKS_16_MIB = Buffer.alloc(16 * 1_048_576, ' ');

export const gzipBomb = (): Fault => endless(gzipSync(BLANKS_16_MIB), { 'content-encoding': 'gzip' });
export const brotliBomb = (): Fault => endless(brotliCompressSync(BLANKS_16_MIB), { 'content-encoding': 'br' });
export const tooLong = (): Fault => endless(BLANKS_16_MIB.subarray(0, 2 * 1_048_576), {});

/** A valid report of exactly `bytes` bytes, padded with blanks. */
export function reportOfLength(bytes: number): string {
  return JSON.stringify(goodReport()).padEnd(bytes, ' ');
}

// A TEST KEY PAIR: self-signed, trusted by nobody, protecting nothing. Made once by
// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=canary-in-certificate`.
const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHJwi1u4PsR0kb0zN
kqEpe6j8fKLIYYtb5DEFfEyGRP+hRANCAAQCX1aVp1EMKG4JJTOtnme7RElEK3dw
MMc63aQ16a1i77Dqlgf2hXKKcRaIe20X2glqKxmg/h0P4bawouJMrzq6
-----END PRIVATE KEY-----`;
const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBszCCAVmgAwIBAgIUcS6kPFftM5n/uKUVn8XoscPlyakwCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVY2FuYXJ5LWluLWNlcnRpZmljYXRlMCAXDTI2MTEyMzEyMTQ1
MFoYDzIxMjYxMDMwMTIxNDUwWjAgMR4wHAYDVQQDDBVjYW5hcnktaW4tY2VydGlm
aWNhdGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQCX1aVp1EMKG4JJTOtnme7
RElEK3dwMMc63aQ16a1i77Dqlgf2hXKKcRaIe20X2glqKxmg/h0P4bawouJMrzq6
o28wbTAdBgNVHQ4EFgQUKDeJdoeSqbordqOdiM92CT79VWowHwYDVR0jBBgwFoAU
KDeJdoeSqbordqOdiM92CT79VWowDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzAR
gglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIhAJS+mh79AMb2FSCr
Sszxivlpi+Iak9806EOWF89yNjLeAiB7UAq6h0FX4fQ/RYtbdlDAbz/ffvDwZE/v
hPYjKdVoew==
-----END CERTIFICATE-----`;
