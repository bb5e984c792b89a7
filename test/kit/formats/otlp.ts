// A receiver of traces on a real socket: OTLP over HTTP with protobuf, decoded by hand, to see the bytes on the wire. It can be down, hang, or respond with a status.
// https://github.com/open-telemetry/opentelemetry-proto: trace/v1/trace.proto

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

import { createGate } from '../time/gate.js';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly statusMessage: string;
  readonly events: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

interface ReceivedExport {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly spans: readonly ReceivedSpan[];
}

export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly exports: readonly ReceivedExport[];
  /** Of all exports. */
  readonly spans: readonly ReceivedSpan[];
  /** The response to later exports; "endless": a 200 with a body that never ends; "hang": none. */
  respond(how: number | 'hang' | 'endless', headers?: Record<string, string>): void;
  arrivals(count: number): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const exports: ReceivedExport[] = [];
  const gate = createGate();
  let how: number | 'hang' | 'endless' = 200;
  let responseHeaders: Record<string, string> = {};
  const respond = (response: ServerResponse): void => {
    if (how === 'endless') response.writeHead(200).write('x');
    else if (how !== 'hang') response.writeHead(how, responseHeaders).end('canary-of-the-receiver');
  };
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      exports.push({ path: request.url ?? '', headers: request.headers, body, ...decodeRequest(body) });
      respond(response);
      void gate.pass();
    });
  });
  let port = 0;
  const start = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    exports,
    get spans() {
      return exports.flatMap(({ spans }) => spans);
    },
    respond(next, headers = {}) {
      how = next;
      responseHeaders = headers;
    },
    arrivals: gate.arrivals,
    stop,
    start,
    [Symbol.asyncDispose]: stop,
  };
}

/** The fields of a message: by number, in order, as numbers or bytes. */
type Fields = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

function decode(bytes: Buffer): Fields {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a number is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new Error('a field is cut off');
    return bytes.subarray(at, (at += length));
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const read: Record<number, () => bigint | Buffer> = {
      0: varint,
      1: () => take(8),
      2: () => take(Number(varint())),
      5: () => take(4),
    };
    const value = read[tag & 7];
    if (value === undefined) throw new Error(`wire type ${tag & 7}`);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value()]);
  }
  return fields;
}

const messages = (fields: Fields, number: number): Fields[] =>
  (fields.get(number) ?? []).map((value) => decode(value as Buffer));
const bytesOf = (fields: Fields, number: number): Buffer => (fields.get(number)?.[0] ?? Buffer.alloc(0)) as Buffer;
const textOf = (fields: Fields, number: number): string => bytesOf(fields, number).toString('utf8');
const numberOf = (fields: Fields, number: number): number => Number(fields.get(number)?.[0] ?? 0);

function decodeRequest(body: Buffer): Pick<ReceivedExport, 'resource' | 'spans'> {
  const [resourceSpans, ...others] = messages(decode(body), 1);
  if (resourceSpans === undefined || others.length > 0) throw new Error('not the spans of one resource');
  const [resource] = messages(resourceSpans, 1);
  return {
    resource: resource === undefined ? {} : attributesOf(resource, 1),
    spans: messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2).map(toSpan)),
  };
}

function toSpan(fields: Fields): ReceivedSpan {
  const [status] = messages(fields, 15);
  return {
    traceId: bytesOf(fields, 1).toString('hex'),
    spanId: bytesOf(fields, 2).toString('hex'),
    traceState: textOf(fields, 3),
    parentSpanId: bytesOf(fields, 4).toString('hex'),
    name: textOf(fields, 5),
    kind: numberOf(fields, 6),
    startNs: bytesOf(fields, 7).readBigUInt64LE(),
    endNs: bytesOf(fields, 8).readBigUInt64LE(),
    attributes: attributesOf(fields, 9),
    events: fields.get(11)?.length ?? 0,
    statusMessage: status === undefined ? '' : textOf(status, 2),
    status: status === undefined ? 0 : numberOf(status, 3),
  };
}

function attributesOf(fields: Fields, number: number): Record<string, unknown> {
  return Object.fromEntries(messages(fields, number).map((pair) => [textOf(pair, 1), toValue(messages(pair, 2)[0]!)]));
}

function toValue(value: Fields): unknown {
  if (value.has(1)) return textOf(value, 1);
  if (value.has(2)) return value.get(2)![0] === 1n;
  if (value.has(3)) return Number(value.get(3)![0]);
  if (value.has(4)) return bytesOf(value, 4).readDoubleLE();
  return messages(messages(value, 5)[0]!, 1).map(toValue);
}
