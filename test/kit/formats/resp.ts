// RESP2, the protocol of Redis, by hand over node:net: tests read a server without the library under test.
// https://redis.io/docs/latest/develop/reference/protocol-spec/

import type { Socket } from 'node:net';

export type Argument = string | number | Buffer;
export type Command = readonly Argument[];
export type Reply = string | number | Buffer | null | Error | readonly Reply[];

export function encodeCommand(args: Command): Buffer {
  const pieces = args.flatMap((arg) => {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...pieces]);
}

/** The replies of a connection, until it ends. An error is a value like other replies. */
export async function* readReplies(socket: Socket): AsyncGenerator<Reply, undefined> {
  let pending = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    for (let parsed = parse(pending, 0); parsed !== undefined; parsed = parse(pending, 0)) {
      pending = pending.subarray(parsed.end);
      yield parsed.reply;
    }
  }
}

/** Sends all commands at once, and waits for a reply to each. @throws Error if one of them is an error. */
export async function send(
  socket: Socket,
  replies: AsyncIterator<Reply>,
  commands: readonly Command[],
): Promise<Reply[]> {
  socket.write(Buffer.concat(commands.map(encodeCommand)));
  const received: Reply[] = [];
  while (received.length < commands.length) {
    const { value, done } = await replies.next();
    if (done) throw new Error('the server has closed the connection');
    if (value instanceof Error) throw value;
    received.push(value);
  }
  return received;
}

interface Parsed {
  readonly reply: Reply;
  /** The offset of the next reply. */
  readonly end: number;
}

/** Undefined when the reply is incomplete. */
function parse(bytes: Buffer, start: number): Parsed | undefined {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('utf8', start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes.toString('latin1', start, start + 1)) {
    case '+':
      return { reply: line, end };
    case '-':
      return { reply: new Error(line), end };
    case ':':
      return { reply: Number(line), end };
    case '$':
      return parseBytes(bytes, end, Number(line));
    case '*':
      return parseList(bytes, end, Number(line));
    default:
      throw new Error(`not RESP2: ${bytes.toString('latin1', start, end)}`);
  }
}

function parseBytes(bytes: Buffer, start: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: start };
  const end = start + length + 2;
  return bytes.length < end ? undefined : { reply: Buffer.from(bytes.subarray(start, start + length)), end };
}

function parseList(bytes: Buffer, start: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: start };
  const list: Reply[] = [];
  let end = start;
  while (list.length < length) {
    const parsed = parse(bytes, end);
    if (parsed === undefined) return undefined;
    list.push(parsed.reply);
    end = parsed.end;
  }
  return { reply: list, end };
}
