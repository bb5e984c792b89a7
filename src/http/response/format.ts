// Content negotiation: in which media type and which encoding a client gets its response (RFC 9110, section 12.5).

import { LRUCache } from 'lru-cache';

import type { HeadersByName } from '../../auth/authentication.js';

export type Encoding = 'identity' | 'gzip' | 'br';

export interface ResponseFormat {
  /** The value of content-type. */
  readonly contentType: string;
  /** `json`: application/json, with the status rules of GraphQL over HTTP for it; `event-stream`: GraphQL over SSE. */
  readonly kind: 'graphql-response' | 'json' | 'event-stream';
  /** The encodings that the client prefers most, of equal weight. */
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
/** Those that a wildcard stands for, the preferred one first: older clients that accept anything expect plain JSON. */
const BY_WILDCARD: readonly Kind[] = ['json', 'graphql-response'];

/** Formats by `accept` and `accept-encoding`: few clients send other values than the rest. */
const known = new LRUCache<string, ResponseFormat>({ max: 100 });
/** Longer pairs are not retained. */
const MAX_KEY_LENGTH = 512;

/** A missing `accept` accepts everything. */
export function negotiate(headers: HeadersByName): ResponseFormat {
  const accept = headers.get('accept') ?? '';
  const acceptEncoding = headers.get('accept-encoding') ?? '';
  const key = `${accept}\n${acceptEncoding}`;
  let format = known.get(key);
  if (format === undefined) {
    format = chooseFormat(accept, acceptEncoding);
    if (key.length <= MAX_KEY_LENGTH) known.set(key, format);
  }
  return format;
}

function chooseFormat(accept: string, acceptEncoding: string): ResponseFormat {
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
  const weighted = KINDS.map((kind) => ({ kind, ...weigh(kind, ranges) })).filter(({ weight }) => weight > 0);
  // The highest weight; among equals the one that the client names first, and named ones before wildcards.
  weighted.sort((a, b) => b.weight - a.weight || a.place - b.place);
  return weighted[0]?.kind;
}

/** Whether a client wants HTML at least as much as any response of GraphQL. Wildcards do not count: only browsers name HTML. */
export function prefersHtml(accept: string | null): boolean {
  const ranges = parseList(accept ?? '');
  const html = ranges.find(({ name }) => name === 'text/html')?.weight ?? 0;
  return (
    html > 0 && KINDS.every((kind) => html >= (ranges.find(({ name }) => name === MEDIA_TYPES[kind])?.weight ?? 0))
  );
}

/** By the most specific range that matches (section 12.5.1). */
function weigh(kind: Kind, ranges: readonly Weighted[]): { readonly weight: number; readonly place: number } {
  const names = BY_WILDCARD.includes(kind) ? [MEDIA_TYPES[kind], 'application/*', '*/*'] : [MEDIA_TYPES[kind]];
  for (const name of names) {
    const place = ranges.findIndex((range) => range.name === name);
    const range = ranges[place];
    if (range !== undefined) return { weight: range.weight, place };
  }
  return { weight: 0, place: 0 };
}

const ENCODINGS: readonly Encoding[] = ['br', 'gzip', 'identity'];

/** A missing or empty header gets the body as it is: section 12.5.3 would allow any encoding. */
export function chooseEncodings(acceptEncoding: string | null): readonly Encoding[] {
  const codings = parseList(acceptEncoding ?? '');
  const weightOf = (encoding: Encoding): number => {
    const own = codings.find(({ name }) => name === encoding || (encoding === 'gzip' && name === 'x-gzip'));
    const any = codings.find(({ name }) => name === '*');
    return own?.weight ?? any?.weight ?? (encoding === 'identity' ? 0.0001 : 0);
  };
  const weights = ENCODINGS.map((encoding) => ({ encoding, weight: weightOf(encoding) }));
  const best = Math.max(...weights.map(({ weight }) => weight));
  // Everything is refused, identity included: the body as it is is better than none.
  if (best <= 0) return ['identity'];
  return weights.filter(({ weight }) => weight === best).map(({ encoding }) => encoding);
}

interface Weighted {
  readonly name: string;
  readonly weight: number;
}

/** A list of names with `q` parameters. Names are compared without regard to case. */
function parseList(text: string): readonly Weighted[] {
  return text.split(',').flatMap((member) => {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    if (name === '') return [];
    return [{ name, weight: quality === undefined ? 1 : parseQuality(quality) }];
  });
}

/** An invalid weight counts as 0: a client that writes one gets what it names otherwise. */
function parseQuality(text: string): number {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
