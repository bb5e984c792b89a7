// The text of an answer, in pieces: what the executor made of it as JSON, with the lists that are written in their places.
// Long answers are put together piece by piece, with turns for others in between.

import { ReadableStream } from 'node:stream/web';
import { setImmediate } from 'node:timers/promises';
import type { ExecutionResult, GraphQLError } from 'graphql';

import { SerializedList } from '../../execution/serialized-list.js';

/** The JSON of a result. */
export function* writeResult(result: ExecutionResult): Generator<Buffer, void> {
  yield* writeOpening(result);
  yield Buffer.from('}');
}

/**
 * The JSON of a result without the brace at its end, so that more members may follow. Of an error what is for the client
 * alone: how it is answered (`extensions.http`) is not.
 */
export function* writeOpening(result: ExecutionResult): Generator<Buffer, void> {
  const parts = new Parts();
  parts.add('{');
  let separator = '';
  for (const [name, value] of Object.entries(result)) {
    if (value === undefined) continue;
    parts.add(`${separator}"${name}":`);
    separator = ',';
    if (name === 'data') addValue(parts, value);
    else parts.add(JSON.stringify(name === 'errors' ? (value as GraphQLError[]).map(toShown) : value));
  }
  yield* parts.write();
}

/** Texts, and lists between them. */
class Parts {
  readonly #before: { readonly text: string; readonly list: SerializedList }[] = [];
  #text = '';

  add(text: string): void {
    this.#text += text;
  }

  addList(list: SerializedList): void {
    this.#before.push({ text: this.#text, list });
    this.#text = '';
  }

  *write(): Generator<Buffer, void> {
    for (const { text, list } of this.#before) {
      yield Buffer.from(text);
      yield* list.chunks;
    }
    yield Buffer.from(this.#text);
  }
}

function addValue(parts: Parts, value: unknown): void {
  if (value instanceof SerializedList) parts.addList(value);
  else if (typeof value !== 'object' || value === null) parts.add(JSON.stringify(value));
  else {
    const isList = Array.isArray(value);
    parts.add(isList ? '[' : '{');
    let separator = '';
    for (const [name, each] of Object.entries(value)) {
      // The names of an answer are those of GraphQL, in which nothing has to be escaped.
      parts.add(isList ? separator : `${separator}"${name}":`);
      addValue(parts, each);
      separator = ',';
    }
    parts.add(isList ? ']' : '}');
  }
}

function toShown(error: GraphQLError): object {
  const { http, ...extensions } = error.extensions;
  return { ...error.toJSON(), extensions };
}

/** How much is put together in one go: a few milliseconds' work. */
const GO_BYTES = 1_048_576;

/** The pieces of an answer that was put together in one go; of a longer one, as they come. */
export type AnswerBody = readonly Buffer[] | AsyncIterable<Buffer>;

export function toBody(pieces: Iterator<Buffer, void>): AnswerBody {
  const made: Buffer[] = [];
  let bytes = 0;
  while (bytes < GO_BYTES) {
    const next = pieces.next();
    if (next.done === true) return made;
    made.push(next.value);
    bytes += next.value.length;
  }
  return goOn(made, pieces);
}

async function* goOn(made: readonly Buffer[], pieces: Iterator<Buffer, void>): AsyncGenerator<Buffer, void> {
  yield* made;
  for (;;) {
    await setImmediate();
    const next = pieces.next();
    if (next.done === true) return;
    yield next.value;
  }
}

/** As the body of a Response. Whoever leaves early has no more made for them. */
export function toBodyInit(body: AnswerBody): BodyInit {
  // Node's own and the global one are the same.
  return Symbol.asyncIterator in body ? (ReadableStream.from(body) as BodyInit) : Buffer.concat(body);
}
