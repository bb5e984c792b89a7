// The text of an answer, in pieces: what the executor made of it as JSON, with the lists that are written in their places.
// Long answers are put together piece by piece, with turns for others in between.

import { ReadableStream } from 'node:stream/web';
import { setImmediate } from 'node:timers/promises';
import type { ExecutionResult, GraphQLError } from 'graphql';

import type { WrittenList } from '../context.js';

/** Names and indexes, and a list at the end of each way. */
type Places = Map<string | number, Places | WrittenList>;

/** The JSON of a result. */
export function* writeResult(result: ExecutionResult, lists: readonly WrittenList[]): Generator<Buffer, void> {
  yield* writeOpening(result, lists);
  yield Buffer.from('}');
}

/**
 * The JSON of a result without the brace at its end, so that more members may follow. Of an error what is for the client
 * alone: how it is answered (`extensions.http`) is not.
 */
export function* writeOpening(result: ExecutionResult, lists: readonly WrittenList[]): Generator<Buffer, void> {
  const places = toPlaces(lists);
  let text = '{';
  for (const [name, value] of Object.entries(result)) {
    if (value === undefined) continue;
    if (text !== '{') text += ',';
    text += `${JSON.stringify(name)}:`;
    if (name === 'data') text = yield* writeValue(value, places, text);
    else text += name === 'errors' ? JSON.stringify((value as GraphQLError[]).map(toShown)) : JSON.stringify(value);
  }
  yield Buffer.from(text);
}

/** `text`, then the value, as far as that is cut in pieces. @returns what is left to be written. */
function* writeValue(
  value: unknown,
  place: Places | WrittenList | undefined,
  before: string,
): Generator<Buffer, string> {
  // Where an error has made nothing of what is around a list, that is what is answered.
  if (place === undefined || typeof value !== 'object' || value === null) return before + JSON.stringify(value);
  if (!(place instanceof Map)) {
    yield Buffer.from(before);
    yield* place.pieces;
    return '';
  }
  const isList = Array.isArray(value);
  let text = before + (isList ? '[' : '{');
  let separator = '';
  for (const [name, each] of Object.entries(value)) {
    text += isList ? separator : `${separator}${JSON.stringify(name)}:`;
    text = yield* writeValue(each, place.get(isList ? Number(name) : name), text);
    separator = ',';
  }
  return text + (isList ? ']' : '}');
}

function toPlaces(lists: readonly WrittenList[]): Places {
  const places: Places = new Map();
  for (const list of lists) {
    const last = list.path.length - 1;
    let at = places;
    for (const [index, name] of list.path.entries()) {
      if (index === last) at.set(name, list);
      else {
        const next = at.get(name) as Places | undefined;
        if (next === undefined) at.set(name, (at = new Map()));
        else at = next;
      }
    }
  }
  return places;
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
