// Mutations of a document: replaced names and values, floods of repeatable elements, tokens removed, doubled and swapped,
// and misplaced characters.

import type { Choices } from './choices.js';
import { UNUSUAL_NAMES } from './values.js';

const TOKEN = /"""[^]*?"""|"(?:\\.|[^"\\\n])*"|[A-Za-z_]\w*|-?\d[\w.+-]*|\.\.\.|[{}()[\]:$@!|&=]|\S/gu;

const VALUES = [
  ...['null', 'true', '0', '-1', '2147483648', '-2147483649', '1.5', '1e999', '-1e999', 'NaN', 'Infinity'],
  ...['9'.repeat(400), '""', '"a"', '"""a"""', '"\\u{1F600}"', '"\\u0000"', '[]', '{}', '[[]]', '[null]', '{a: 1}'],
  ...['$v0', '$none', '{__proto__: {a: 1}}', '{constructor: 1, constructor: 2}', '"7D"', '"2026-02-30T00:00:00Z"'],
  ...[`"${'7'.repeat(10_000)}d"`, `[${'"a", '.repeat(1_001)}]`, 'TOTAL_COST', 'NOTHING'],
];
const NAMES = [
  ...[
    'workloadCosts',
    'rows',
    'nodes',
    'id',
    'kubernetesCluster',
    'costs',
    'Query',
    'CostRow',
    'first',
    'filter',
    'where',
    'by',
  ],
  ...['query', 'mutation', 'subscription', 'fragment', 'on', 'type', '__typename', '__schema', '__type', '_entities'],
  ...['_service', ...UNUSUAL_NAMES],
];
/** No name and no value. */
const MARKS = [
  ...[
    '00',
    '1_000',
    '"\\ud83d"',
    '"\\u{110000}"',
    '"\ud83d"',
    '"\\x"',
    '"',
    '"""',
    '$',
    '...',
    '!',
    '|',
    '&',
    '=',
    '@',
  ],
  ...['@skip', '@include(if: 1)', '@defer', '@stream', '@nothing', '@deprecated', '[Int!]!'],
  ...['{', '}', '(', ')', '[', ']', ':'],
];
const STRAY = [
  '\u0000',
  '\ufeff',
  '\u2028',
  '\u00a0',
  '\u007f',
  '\r',
  '#',
  '"',
  '\\',
  ',',
  'é',
  '`',
  '\ud83d',
  '\udc00',
  '😀',
];

export function mutateDocument(choices: Choices, text: string): string {
  let tokens: string[] = text.match(TOKEN) ?? [];
  const pick = (): Mutation => (choices.chance(20) ? flood : choices.pick(MUTATIONS));
  for (const mutate of choices.some(1, 2, pick)) {
    tokens = mutate(choices, tokens.length === 0 ? [''] : tokens);
  }
  return tokens.join(' ');
}

type Mutation = (choices: Choices, tokens: string[]) => string[];

const NAME = /^[A-Za-z_]/;
const VALUE = /^["\d-]|^(?:true|false|null|[A-Z_]{3,})$/;

/** Mutations that mostly stay valid come first and are more frequent, because they reach more steps. */
const MUTATIONS: readonly Mutation[] = [
  (choices, tokens) => replaceOne(choices, tokens, NAME, choices.pick(tokens.filter((token) => NAME.test(token)))),
  (choices, tokens) => replaceOne(choices, tokens, NAME, choices.pick(NAMES)),
  (choices, tokens) => replaceOne(choices, tokens, VALUE, choices.pick(VALUES)),
  (choices, tokens) => insertAfter(choices, tokens, '(', [choices.pick(NAMES), ':', choices.pick(VALUES)]),
  (choices, tokens) => [...tokens, ...choices.pick(DEFINITIONS)(choices.pick([1, 20, 99, 1_000]))],
  (choices, tokens) => {
    const at = choices.below(tokens.length);
    return tokens.toSpliced(at, 0, ...tokens.slice(at, at + 1 + choices.below(8)));
  },
  (choices, tokens) => tokens.toSpliced(choices.below(tokens.length), 1),
  (choices, tokens) => tokens.with(choices.below(tokens.length), choices.pick([...NAMES, ...VALUES, ...MARKS])),
  (choices, tokens) => {
    const [a, b] = [choices.below(tokens.length), choices.below(tokens.length)];
    return tokens.with(a, tokens[b]!).with(b, tokens[a]!);
  },
  (choices, tokens) => tokens.toSpliced(choices.below(tokens.length), 0, choices.pick(STRAY)),
  (choices, tokens) => tokens.slice(0, choices.below(tokens.length)),
];

const flood: Mutation = (choices, tokens) =>
  insertAfter(choices, tokens, '{', choices.pick(FLOODS)(choices.pick([25, 60, 120, 3_000])));

/** A selection with `count` copies of one element. */
const FLOODS: readonly ((count: number) => readonly string[])[] = [
  (count) => [...repeat('a {', count), 'a', ...repeat('}', count)],
  (count) => [...repeat('... {', count), '__typename', ...repeat('}', count)],
  (count) => Array.from({ length: count }, (_, at) => `x${at}: __typename`),
  (count) => repeat('__typename @include(if: true)', count),
  (count) => ['__typename', ...repeat('@skip(if: false)', count)],
  (count) => repeat('...Z0', count),
  (count) => repeat('rows(first: 1) { nodes { id } }', count),
  (count) => ['a(b:', ...repeat('[', count), ...repeat(']', count), ')'],
  (count) => ['a(b:', ...repeat('{a:', count), '1', ...repeat('}', count), ')'],
];

/** `count` definitions after the operation. */
const DEFINITIONS: readonly ((count: number) => readonly string[])[] = [
  (count) =>
    Array.from({ length: count }, (_, at) => `fragment Z${at} on Query { ...Z${at + 1} ...Z${at + 1} __typename }`),
  (count) => Array.from({ length: count }, (_, at) => `fragment Z${at} on Query { ...Z${(at + 1) % count} }`),
  (count) => Array.from({ length: count }, (_, at) => `query Q${at} { __typename }`),
  () => ['{ __typename }'],
  () => ['mutation { a }'],
  () => ['subscription { a }'],
  () => ['type Query { a: Int }'],
  () => ['fragment on on on { a }'],
];

function repeat(text: string, count: number): string[] {
  return Array<string>(count).fill(text);
}

function replaceOne(choices: Choices, tokens: string[], kind: RegExp, by: string | undefined): string[] {
  const places = tokens.flatMap((token, at) => (kind.test(token) ? [at] : []));
  return places.length === 0 || by === undefined ? tokens : tokens.with(choices.pick(places), by);
}

function insertAfter(choices: Choices, tokens: string[], mark: string, inserted: readonly string[]): string[] {
  const places = tokens.flatMap((token, at) => (token === mark ? [at + 1] : []));
  return places.length === 0 ? tokens : tokens.toSpliced(choices.pick(places), 0, ...inserted);
}
