// Documents over a limit are refused before validation, in a short time for any fragments. The limits are exact.

import { getIntrospectionQuery, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { measureComplexity } from '../../src/query-limits/complexity.js';
import { parseDocument } from '../../src/query-limits/limits.js';
import { EXAMPLE_TABS } from '../../src/http/graphiql/examples.js';
import { startStack, UNLIMITED, type TestStack } from '../kit/gateway.js';

const times = (count: number, each: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => each(index)).join(' ');

/** Fragments, each of which spreads the next one twice: 2^steps of the last one. */
const fanOut = (steps: number, last: string): string =>
  `{ ...f0 } ${times(steps, (at) => `fragment f${at} on Query { ...f${at + 1} ...f${at + 1} }`)} fragment f${steps} on Query { ${last} }`;

describe('the measures of a document', () => {
  test.each<[string, string, object]>([
    ['of one field', '{ a }', { depth: 1, aliases: 0, rootFields: 1, directives: 0, fragments: 0 }],
    ['nested', '{ a { b { c } } d }', { depth: 3, rootFields: 2 }],
    [
      'in inline fragments',
      '{ ... on Query { x: a ... @skip(if: true) { y: b { c } } } }',
      { depth: 2, aliases: 2, rootFields: 2, directives: 1 },
    ],
    [
      'through a fragment, spread twice',
      '{ ...f a { ...f } } fragment f on Query { x: b @c { d } }',
      { depth: 3, aliases: 2, rootFields: 2, directives: 2, fragments: 1 },
    ],
    [
      'of the operation, its variables and fragments',
      'query ($a: Int @x) @y { ...f @z } fragment f on Query @w { b }',
      { directives: 4 },
    ],
    ['of the largest operation', 'query A { x: a } query B { y: b { z: c } }', { depth: 2, aliases: 2, rootFields: 1 }],
    [
      'of an unused fragment',
      '{ a } fragment f on T { b { c { x: d @e } } f }',
      { depth: 3, aliases: 1, rootFields: 1, directives: 1, fragments: 1 },
    ],
    ['of an unknown fragment', '{ ...nothing }', { depth: 0, rootFields: 0 }],
    [
      'of a fragment named __proto__',
      '{ ...__proto__ } fragment __proto__ on Query { a { b } }',
      { depth: 2, rootFields: 1 },
    ],
    [
      'of a cycle',
      '{ ...f } fragment f on Query { x: a { ...g } } fragment g on Query { ...f y: b }',
      { aliases: 2, fragments: 2 },
    ],
    ['of a definition that is no operation', 'type T { a: Int } query { b }', { depth: 1, rootFields: 1 }],
  ])('%s', (_name, text, expected) => {
    expect(measureComplexity(parse(text))).toMatchObject(expected);
  });

  test('stay finite for a fan-out of 2^1000, without expanding it', () => {
    const document = parse(fanOut(1000, 'x: __typename @skip(if: false)'));
    expect(measureComplexity(document)).toEqual({
      depth: 1,
      nesting: 1002,
      aliases: 1_000_000,
      rootFields: 1_000_000,
      directives: 1_000_000,
      fragments: 1001,
    });
  });
});

describe('a document over a limit', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack({
      env: {
        GATEWAY_MAX_TOKENS: '200',
        GATEWAY_MAX_DEPTH: '7',
        GATEWAY_MAX_ALIASES: '6',
        GATEWAY_MAX_ROOT_FIELDS: '8',
        GATEWAY_MAX_DIRECTIVES: '5',
        GATEWAY_MAX_FRAGMENTS: '4',
        GATEWAY_MAX_REPEATED_FIELDS: '9',
      },
    });
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const nested = (levels: number): string =>
    `{ __type(name: "Query") ${times(levels - 1, () => '{ ofType')} { name } ${times(levels - 1, () => '}')} }`;
  test.each<[string, string, (count: number) => string, number, string]>([
    [
      'tokens',
      'MAX_TOKENS_LIMIT',
      (count) => `{ ${times(count - 2, () => '__typename')} }`,
      200,
      'The document has more than 200 tokens (GATEWAY_MAX_TOKENS). Send lists as variables.',
    ],
    [
      'levels',
      'MAX_DEPTH_LIMIT',
      (count) => nested(count - 1),
      7,
      'The operation is nested 8 levels deep; the limit is 7 (GATEWAY_MAX_DEPTH).',
    ],
    [
      'aliases',
      'MAX_ALIASES_LIMIT',
      (count) => `{ ${times(count, (at) => `a${at}: __typename`)} }`,
      6,
      'The operation has 7 aliases; the limit is 6 (GATEWAY_MAX_ALIASES).',
    ],
    [
      'aliases in a fragment',
      'MAX_ALIASES_LIMIT',
      (count) => `{ ${times(count, () => '...f')} } fragment f on Query { x: __typename }`,
      6,
      'The operation has 7 aliases; the limit is 6 (GATEWAY_MAX_ALIASES).',
    ],
    [
      'fields of Query',
      'MAX_ROOT_FIELDS_LIMIT',
      (count) => `{ ${times(count, () => '__typename')} }`,
      8,
      'The operation selects 9 fields of Query; the limit is 8 (GATEWAY_MAX_ROOT_FIELDS).',
    ],
    [
      'directives',
      'QUERY_TOO_COMPLEX',
      (count) => `{ ... { ${times(count, () => '__typename @skip(if: false)')} } }`,
      5,
      'The operation has 6 directives; the limit is 5 (GATEWAY_MAX_DIRECTIVES).',
    ],
    [
      'fragments',
      'QUERY_TOO_COMPLEX',
      (count) =>
        `{ ${times(count, (at) => `...f${at}`)} } ${times(count, (at) => `fragment f${at} on Query { __typename }`)}`,
      4,
      'The document defines 5 fragments; the limit is 4 (GATEWAY_MAX_FRAGMENTS).',
    ],
    [
      'repetitions of a field',
      'QUERY_TOO_COMPLEX',
      (count) =>
        `{ __type(name: "Query") { name ${times(count - 5, () => 'name')} ...f } } fragment f on __Type { ... { ${times(4, () => 'name')} } }`,
      9,
      'The operation repeats a field 10 times in a selection set; the limit is 9 (GATEWAY_MAX_REPEATED_FIELDS). Select it once.',
    ],
    [
      'repetitions below a repeated field',
      'QUERY_TOO_COMPLEX',
      (count) => `{ ${times(2, () => `__schema { queryType { ${times((count + 1) / 2, () => 'name')} } }`)} }`,
      8,
      'The operation repeats a field 10 times in a selection set; the limit is 9 (GATEWAY_MAX_REPEATED_FIELDS). Select it once.',
    ],
  ])('of %s is %s, and one at the limit is not', async (what, code, make, limit, message) => {
    const good = await stack.send(make(limit));
    // 200 fields of Query exceed another limit: only the code matters here.
    expect(good.errors.map(({ extensions }) => extensions.code)).toEqual(
      what === 'tokens' ? ['MAX_ROOT_FIELDS_LIMIT'] : [],
    );
    // Twice: a cached result of the first time must not allow the second.
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const bad = await stack.send(make(limit + 1), undefined, { headers: { accept } });
      expect([bad.status, bad.data]).toEqual([400, undefined]);
      expect(bad.errors).toMatchObject([{ message, extensions: { code, retryable: false } }]);
      expect(stack.log.at(-1)).toMatchObject({ status: 400, errorCodes: [code] });
    }
    expect(stack.received).toEqual([]);
  });
});

test.each([
  ['braces', '{ a '],
  ['lists', '{ a(b: ', '['],
  ['objects', '{ a(b: ', '{ c: '],
])('a document of 100,000 nested %s is refused however many tokens it may have', (_what, start, level = start) => {
  expect(() => parseDocument(start + level.repeat(100_000), { tokens: undefined })).toThrow(
    expect.objectContaining({ code: 'MAX_DEPTH_LIMIT' }),
  );
});

describe('without limits', () => {
  test('a document has no maximum of any kind', async () => {
    await using stack = await startStack({ env: UNLIMITED });
    const text = `{ ${times(150, (at) => `a${at}: __typename @skip(if: false) ...f${at}`)} } ${times(150, (at) => `fragment f${at} on Query { __typename }`)}`;
    expect((await stack.send(text)).errors).toEqual([]);
    // Documents that are expensive to validate are refused even so.
    expect((await stack.send(`{ ${times(6_000, () => '__typename')} }`)).errors).toMatchObject([
      { extensions: { code: 'QUERY_TOO_COMPLEX' } },
    ]);
  });
});

describe('the default limits', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack({ simulator: { workloads: 100, now: Date.now } });
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  test.each(EXAMPLE_TABS)('allow the example $name', async ({ name, query, variables = '{}' }) => {
    const { errors } = await stack.send(query, JSON.parse(variables));
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(
      name === 'ErrorOnPurpose' ? ['BAD_USER_INPUT'] : [],
    );
  });

  test('allow the longest introspection query of graphql, which GraphiQL and routers send', async () => {
    const all = {
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    };
    expect((await stack.send(getIntrospectionQuery(all))).errors).toEqual([]);
    expect((await stack.send('{ _service { sdl } }')).errors).toEqual([]);
  });

  test.each([
    ['a fan-out of 2^20', fanOut(20, 'x: __typename'), 'MAX_ROOT_FIELDS_LIMIT'],
    [
      'a fan-out of 2^20 below a field',
      fanOut(20, 'x: __typename').replace('{ ...f0 }', '{ workloadCosts { ...f0 } }'),
      'MAX_ALIASES_LIMIT',
    ],
    ['300 aliases of a report', `{ ${times(300, (at) => `a${at}: workloadCosts { asOf }`)} }`, 'MAX_ROOT_FIELDS_LIMIT'],
    ['a document of 200 kB', `{ ${times(60_000, () => 'abc')} }`, 'MAX_TOKENS_LIMIT'],
    ['a repeated selection', `{ workloadCosts { ${times(200, () => 'totals { totalCost }')} } }`, 'QUERY_TOO_COMPLEX'],
    [
      'repeated selections below repeated selections',
      `{ workloadCosts { ${times(30, () => `rows { ${times(5, () => `nodes { id ${times(3, () => 'id')} }`)} }`)} } }`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'a repeated field with long arguments',
      `{ workloadCosts { ${times(90, () => `rows(where: { search: "${'x'.repeat(500)}" }) { totalCount }`)} } }`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'fields that repeat at each level of inline fragments',
      `{ workloadCosts { ${times(300, () => '... {')} ${times(90, () => 'asOf')} ${times(300, () => '}')} } }`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'fields that repeat in unused fragments',
      `{ __typename } ${times(20, (at) => `fragment f${at} on Query { ${times(80, () => '__typename')} }`)}`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'a list in 900 others',
      `{ kubernetesCluster(name: ${'['.repeat(900)}"a"${']'.repeat(900)}) { name } }`,
      'MAX_DEPTH_LIMIT',
    ],
  ])('refuse %s before it is validated', async (_name, document, code) => {
    const { status, errors } = await stack.send(document);
    expect([status, errors[0]?.extensions.code]).toEqual([400, code]);
  });
});

test('the response to a document with hundreds of errors has the first five', async () => {
  await using limited = await startStack({ env: UNLIMITED });
  const { errors } = await limited.send(`{ workloadCosts { ${times(500, (at) => `none${at}`)} } }`);
  expect(errors).toHaveLength(6);
  expect(errors.at(-1)?.message).toContain('Too many validation errors');
});

test('the response to a variable with thousands of unknown fields has the first three', async () => {
  await using limited = await startStack({ env: UNLIMITED });
  const filter = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`none${at}`, 1]));
  const { errors } = await limited.send('query ($f: WorkloadCostsFilter) { workloadCosts(filter: $f) { asOf } }', {
    f: filter,
  });
  expect(errors).toHaveLength(4);
});
