// Writes a GraphQL result as JSON, in pieces. Lists that resolvers serialized themselves are copied.

import type { ExecutionResult, GraphQLError } from 'graphql';

import { SerializedList } from '../../execution/serialized-list.js';
import { isStream, type ResponseBody } from '../http-message.js';

/** The least characters of a piece; serialized lists have their own pieces. */
const PIECE_LENGTH = 16_384;

/** `errors` before `data`, as the specification recommends, and `extensions` last. */
export function* serializeResult({ errors, data, extensions }: ExecutionResult): Generator<Buffer, void> {
  const writer = new PieceWriter();
  writer.text = '{';
  if (errors !== undefined) writer.text += `"errors":${JSON.stringify(errors.map(toPublicError))}`;
  if (data !== undefined) {
    writer.text += errors === undefined ? '"data":' : ',"data":';
    yield* writer.value(data);
  }
  if (extensions !== undefined) writer.text += `,"extensions":${JSON.stringify(extensions)}`;
  writer.text += '}';
  yield writer.take();
}

class PieceWriter {
  text = '';

  take(): Buffer {
    const piece = Buffer.from(this.text);
    this.text = '';
    return piece;
  }

  *value(value: unknown): Generator<Buffer, void> {
    if (typeof value !== 'object' || value === null) this.text += JSON.stringify(value);
    else if (value instanceof SerializedList) {
      yield this.take();
      yield* value.chunks;
    } else if (Array.isArray(value)) yield* this.#list(value);
    else yield* this.#object(value as Readonly<Record<string, unknown>>);
    if (this.text.length >= PIECE_LENGTH) yield this.take();
  }

  *#list(values: readonly unknown[]): Generator<Buffer, void> {
    let separator = '[';
    for (const value of values) {
      this.text += separator;
      separator = ',';
      yield* this.value(value);
    }
    this.text += separator === '[' ? '[]' : ']';
  }

  *#object(values: Readonly<Record<string, unknown>>): Generator<Buffer, void> {
    let separator = '{';
    // Response names are GraphQL names, in which nothing has to be escaped.
    for (const [name, value] of Object.entries(values)) {
      this.text += `${separator}"${name}":`;
      separator = ',';
      yield* this.value(value);
    }
    this.text += separator === '{' ? '{}' : '}';
  }
}

/** Without `extensions.http`, the status and headers of the response. */
function toPublicError(error: GraphQLError): object {
  const { http: _, ...extensions } = error.extensions;
  return { ...error.toJSON(), extensions };
}

// JSON that is written without line breaks is one line of data.
const BEFORE = Buffer.from('event: next\ndata: ');
const AFTER = Buffer.from('\n\nevent: complete\ndata:\n\n');

/**
 * GraphQL over Server-Sent Events in distinct connections mode: one `next` event with the result, then `complete`.
 * https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
export function toEventStream(body: ResponseBody): ResponseBody {
  if (!isStream(body)) return [BEFORE, ...body, AFTER];
  return surround(body);
}

async function* surround(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield BEFORE;
  yield* body;
  yield AFTER;
}
