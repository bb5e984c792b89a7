// Content negotiation: the media type and the encoding of a response (RFC 9110, section 12.5).

import { LRUCache } from 'lru-cache';

import type { HeadersByName } from '../../auth/authentication.js';

export type Encoding = 'identity' | 'gzip' | 'br';

export interface ResponseFormat {
  /** The value of content-type. */
  readonly contentType: string;
  /** `json`: application/json, with the status rules of GraphQL over HTTP for it; `event-stream`: GraphQL over SSE. */
  readonly kind: 'graphql-response' | 'json' | 'event-stream';
  /** The encodings of the highest weight. */
  readonly encodings: readonly Encoding[];
  /** False when no media type suits: the request is refused with NOT_ACCEPTABLE, as application/json. */
  readonly isAcceptable: boolean;
}

type Kind = ResponseFormat['kind'];

const MEDIA_TYPES: Readonly<Record<Kind, string>> = {
  'graphql-response': 'application/graphql-response+json',
  json: 'application/json',
  'event-stream': 'text/event-stream',
};
/** In order of preference among equals. */
const KINDS: readonly Kind[] = ['json', 'graphql-response', 'event-stream'];
/** Those that a wildcard includes; older clients that accept anything expect plain JSON. */
const BY_WILDCARD: readonly Kind[] = ['json', 'graphql-response'];

/** By the values of the two headers, joined by a line break: nearly all requests have one of a few pairs. */
const formats = new LRUCache<string, ResponseFormat>({
  maxSize: 65_536,
  sizeCalculation: (_format, pair) => pair.length,
  memoMethod: chooseFormat,
});

/** A missing `accept` accepts everything. */
export function negotiate(headers: HeadersByName): ResponseFormat {
  return formats.memo(`${headers.get('accept') ?? ''}\n${headers.get('accept-encoding') ?? ''}`);
}

function chooseFormat(pair: string): ResponseFormat {
  const [accept = '', acceptEncoding = ''] = pair.split('\n');
  const kind = chooseKind(accept);
  const type = MEDIA_TYPES[kind ?? 'json'];
  return {
    kind: kind ?? 'json',
    contentType: kind === 'event-stream' ? type : `${type}; charset=utf-8`,
    encodings: chooseEncodings(acceptEncoding),
    isAcceptable: kind !== undefined,
  };
}

function chooseKind(accept: string): Kind | undefined {
  if (accept.trim() === '') return 'json';
  const ranges = parseList(accept);
  const candidates = KINDS.map((kind) => ({ kind, ...weigh(kind, ranges) })).filter(({ weight }) => weight > 0);
  // The highest weight; among equals the first in the header.
  candidates.sort((a, b) => b.weight - a.weight || a.index - b.index);
  return candidates[0]?.kind;
}

/** Whether HTML has at least the weight of each media type of GraphQL. Wildcards do not count: only browsers name HTML. */
export function prefersHtml(accept: string | null): boolean {
  const ranges = parseList(accept ?? '');
  const weightOf = (type: string): number => ranges.find(({ name }) => name === type)?.weight ?? 0;
  const html = weightOf('text/html');
  return html > 0 && Object.values(MEDIA_TYPES).every((type) => html >= weightOf(type));
}

/** By the most specific range that matches (section 12.5.1). */
function weigh(kind: Kind, ranges: readonly Weighted[]): { readonly weight: number; readonly index: number } {
  const names = BY_WILDCARD.includes(kind) ? [MEDIA_TYPES[kind], 'application/*', '*/*'] : [MEDIA_TYPES[kind]];
  const indexes = names.map((name) => ranges.findIndex((range) => range.name === name));
  const index = indexes.find((each) => each >= 0) ?? -1;
  return { weight: ranges[index]?.weight ?? 0, index };
}

const ENCODINGS: readonly Encoding[] = ['br', 'gzip', 'identity'];

/** Identity for a missing or empty header, although section 12.5.3 allows any encoding. */
export function chooseEncodings(acceptEncoding: string | null): readonly Encoding[] {
  const codings = parseList(acceptEncoding ?? '');
  const weightOf = (encoding: Encoding): number => {
    const named = codings.find(({ name }) => name === encoding || (encoding === 'gzip' && name === 'x-gzip'));
    const wildcard = codings.find(({ name }) => name === '*');
    return named?.weight ?? wildcard?.weight ?? (encoding === 'identity' ? 0.0001 : 0);
  };
  const weights = ENCODINGS.map((encoding) => ({ encoding, weight: weightOf(encoding) }));
  const best = Math.max(...weights.map(({ weight }) => weight));
  // The client refuses even identity.
  if (best <= 0) return ['identity'];
  return weights.filter(({ weight }) => weight === best).map(({ encoding }) => encoding);
}

interface Weighted {
  readonly name: string;
  readonly weight: number;
}

/** A list of names with `q` parameters. Names are in lower case. */
function parseList(text: string): readonly Weighted[] {
  return text.split(',').flatMap((member) => {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    return name === '' ? [] : [{ name, weight: parseQuality(quality) }];
  });
}

/** An invalid weight counts as 0. */
function parseQuality(text: string): number {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
