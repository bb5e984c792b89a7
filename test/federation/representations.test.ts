// Representations of entities as any JSON, and the schema that a router reads, through the whole gateway, in variables and
// in documents. Representations alone never cause a call to ScaleOps, which is counted.

import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { FLEET, FLEET_WORKLOADS } from '../kit/entities.js';
import { codesOf, startStack, type GraphqlResponse, type TestStack } from '../kit/gateway.js';

const FIELDS = `__typename
  ... on KubernetesCluster { name }
  ... on KubernetesNamespace { clusterName name }
  ... on KubernetesWorkload { clusterName namespace type name }`;
const ENTITIES = `query ($of: [_Any!]!) { _entities(representations: $of) { ${FIELDS} } }`;
const TYPES = ['application/graphql-response+json', 'application/json'] as const;
/** GraphQL over HTTP: application/json gets 200 for an invalid document or variable. */
const statusFor = (accept: string): number => (accept === TYPES[0] ? 400 : 200);

const CLUSTER = { __typename: 'KubernetesCluster', name: 'c' };
const NAMESPACE = { __typename: 'KubernetesNamespace', clusterName: 'c', name: 'n' };
const WORKLOAD = { __typename: 'KubernetesWorkload', clusterName: 'c', namespace: 'n', type: 'Job', name: 'w' };

let stack: TestStack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());
afterEach(() => {
  expect(stack.received).toEqual([]);
});

/** Sends representations as JSON text, because JSON.stringify writes no key `__proto__`. */
function sendJson(json: string, accept: string = TYPES[0]): Promise<GraphqlResponse> {
  const body = `{ "query": ${JSON.stringify(ENTITIES)}, "variables": { "of": ${json} } }`;
  return stack.send('', undefined, { body, headers: { accept } });
}

/** The same with representations in the document. */
function sendLiteral(json: string, accept: string = TYPES[0]): Promise<GraphqlResponse> {
  const query = `{ _entities(representations: ${toLiteral(JSON.parse(json))}) { ${FIELDS} } }`;
  return stack.send(query, undefined, { headers: { accept } });
}

/** GraphQL writes object keys without quotes. */
function toLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toLiteral).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${key}: ${toLiteral(item)}`)
    .join(', ')} }`;
}

const expectGood = ({ status, errors }: GraphqlResponse): void => {
  expect(errors).toEqual([]);
  expect(status).toBe(200);
};
describe.each([
  ['variables', sendJson],
  ['the document', sendLiteral],
])('representations in %s', (_where, send) => {
  test.each(TYPES)('are resolved in order, with duplicates, for %s', async (accept) => {
    const of = [
      WORKLOAD,
      CLUSTER,
      NAMESPACE,
      CLUSTER,
      { ...CLUSTER, name: 'other' },
      WORKLOAD,
      { ...CLUSTER, name: 'C' },
    ];
    const response = await send(JSON.stringify(of), accept);
    expectGood(response);
    expect(response.data).toEqual({ _entities: of });
    expect(response.headers.get('content-type')).toContain(accept);
  });

  test('may have other fields than the key, which are ignored', async () => {
    const extra = '"first": { "second": [1, null, { "__typename": "Query" }] }, "costs": "mine", "type": 7';
    const response = await send(
      `[{ "__typename": "KubernetesCluster", "name": "c", ${extra}, "constructor": null, "toString": "x", "__proto__": { "name": "mine" } }]`,
    );
    expectGood(response);
    expect(response.data).toEqual({ _entities: [CLUSTER] });
  });

  test('may have any valid name', async () => {
    const names = ['😀', "it's", 'say "hi"', '""" \\', 'a.b/c', '../..', '__proto__', 'constructor', 'x'.repeat(253)];
    // Half of a surrogate pair is valid in JSON, but not in a document.
    if (send === sendJson) names.push('\ud83d');
    const of = names.flatMap((name) => [
      { ...CLUSTER, name },
      { ...NAMESPACE, clusterName: name, name },
      { ...WORKLOAD, namespace: name, type: name, name },
    ]);
    const response = await send(JSON.stringify(of));
    expectGood(response);
    expect(response.data).toEqual({ _entities: of });
  });

  test('may be an empty list', async () => {
    const response = await send('[]');
    expectGood(response);
    expect(response.data).toEqual({ _entities: [] });
  });

  /** The defect, the representation, and the error after `representations[i]`. */
  const MALFORMED: readonly (readonly [string, string, string])[] = [
    ['a string', '"KubernetesCluster"', ' must be an object.'],
    ['an empty string', '""', ' must be an object.'],
    ['a number', '7', ' must be an object.'],
    ['a boolean', 'true', ' must be an object.'],
    ['a list', '[{ "__typename": "KubernetesCluster", "name": "c" }]', ' must be an object.'],
    ['an empty list', '[]', ' must be an object.'],
    ['a list of lists', '[[[]]]', ' must be an object.'],
    ...[
      ['no `__typename`', '{ "name": "c" }'],
      ['no fields', '{}'],
      ['a `__typename` of null', '{ "__typename": null, "name": "c" }'],
      ['an empty `__typename`', '{ "__typename": "", "name": "c" }'],
      ['a number as `__typename`', '{ "__typename": 0, "name": "c" }'],
      ['a list as `__typename`', '{ "__typename": ["KubernetesCluster"], "name": "c" }'],
      ['an object as `__typename`', '{ "__typename": { "toString": "KubernetesCluster" }, "name": "c" }'],
      ['an unknown type', '{ "__typename": "Pod", "name": "c" }'],
      ['a type in another case', '{ "__typename": "kubernetesCluster", "name": "c" }'],
      ['the type Query', '{ "__typename": "Query" }'],
      ['a type that is no entity', '{ "__typename": "CostRow", "id": "1", "name": "c" }'],
      ['the union type', '{ "__typename": "_Entity", "name": "c" }'],
      ['the type __proto__', '{ "__typename": "__proto__", "name": "c" }'],
      ['the type constructor', '{ "__typename": "constructor", "name": "c" }'],
      ['an inherited `__typename`', '{ "__proto__": { "__typename": "KubernetesCluster", "name": "c" } }'],
    ].map(
      ([what, json]) =>
        [
          what!,
          json!,
          '.__typename must be one of KubernetesCluster, KubernetesNamespace, KubernetesWorkload.',
        ] as const,
    ),
    ...[
      ['no key', '{ "__typename": "KubernetesCluster" }'],
      ['an inherited key', '{ "__typename": "KubernetesCluster", "__proto__": { "name": "c" } }'],
      ['a key that is null', '{ "__typename": "KubernetesCluster", "name": null }'],
      ['a key that is a number', '{ "__typename": "KubernetesCluster", "name": 7 }'],
      ['a key that is a boolean', '{ "__typename": "KubernetesCluster", "name": false }'],
      ['a key that is a list', '{ "__typename": "KubernetesCluster", "name": ["c"] }'],
      ['a key that is an object', '{ "__typename": "KubernetesCluster", "name": { "name": "c" } }'],
      ['half a key', '{ "__typename": "KubernetesNamespace", "clusterName": "c" }'],
    ].map(([what, json]) => [what!, json!, '.name must be given, as a string.'] as const),
    ['no cluster', '{ "__typename": "KubernetesNamespace", "name": "n" }', '.clusterName must be given, as a string.'],
    [
      'no type',
      '{ "__typename": "KubernetesWorkload", "clusterName": "c", "namespace": "n", "name": "w" }',
      '.type must be given, as a string.',
    ],
    ['an empty name', '{ "__typename": "KubernetesCluster", "name": "" }', '.name must not be empty.'],
    [
      'a blank name',
      '{ "__typename": "KubernetesNamespace", "clusterName": " \\t", "name": "n" }',
      '.clusterName must not be empty.',
    ],
    [
      'a name of 254 characters',
      `{ "__typename": "KubernetesCluster", "name": "${'x'.repeat(254)}" }`,
      '.name must have at most 253 characters.',
    ],
    [
      'a name of 100 kB',
      `{ "__typename": "KubernetesCluster", "name": "${'x'.repeat(100_000)}" }`,
      '.name must have at most 253 characters.',
    ],
    [
      'a line end',
      '{ "__typename": "KubernetesCluster", "name": "a\\r\\nb" }',
      '.name must not contain control characters.',
    ],
    [
      'a NUL',
      '{ "__typename": "KubernetesWorkload", "clusterName": "c", "namespace": "n\\u0000", "type": "Job", "name": "w" }',
      '.namespace must not contain control characters.',
    ],
  ];

  const expectRefused = (
    response: GraphqlResponse,
    wrong: readonly (readonly [index: number, message: string])[],
  ): void => {
    expect(response.status).toBe(200);
    expect(response.errors).toEqual(
      wrong.map(([index, message]) => ({
        message: `representations[${index}]${message}`,
        path: ['_entities', index],
        locations: [expect.any(Object)],
        extensions: { code: 'BAD_USER_INPUT', retryable: false, requestId: expect.any(String) as string },
      })),
    );
  };

  test.each(MALFORMED)(
    'that are invalid (%s) are separate errors, and the others are resolved',
    async (_what, json, message) => {
      for (const accept of TYPES) {
        const response = await send(`[${JSON.stringify(CLUSTER)}, ${json}, ${JSON.stringify(WORKLOAD)}]`, accept);
        expectRefused(response, [[1, message]]);
        expect(response.data).toEqual({ _entities: [CLUSTER, null, WORKLOAD] });
      }
    },
  );

  test('that are invalid in different ways have an error each, at their index', async () => {
    const good = JSON.stringify(NAMESPACE);
    const response = await send(`[${MALFORMED.flatMap(([, json]) => [json, good]).join(', ')}]`);
    expectRefused(
      response,
      MALFORMED.map(([, , message], index) => [2 * index, message]),
    );
    expect(response.data).toEqual({ _entities: MALFORMED.flatMap(() => [null, NAMESPACE]) });
    const lines = stack.log.filter(({ level }) => Number(level) > 30);
    expect(lines).toEqual([]);
  });

  test('with keys of prototypes change no prototype', async () => {
    const before = Reflect.ownKeys(Object.prototype);
    const malicious = '{ "__typename": "KubernetesCluster", "name": "polluted" }';
    const response = await send(
      `[{ "__typename": "KubernetesCluster", "name": "c", "__proto__": ${malicious}, "constructor": { "prototype": ${malicious} } }, {}]`,
    );
    expect(response.data).toEqual({ _entities: [CLUSTER, null] });
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
    expect(({} as Record<string, unknown>).name).toBeUndefined();
  });
});

describe('a list of representations', () => {
  const LIST: readonly (readonly [string, string, string])[] = [
    ['null', 'null', '$of'],
    ['a null among others', `[${JSON.stringify(CLUSTER)}, null]`, 'of[1]'],
  ];

  test.each(LIST)('that is %s in a variable is refused as a whole', async (_what, json, place) => {
    for (const accept of TYPES) {
      const response = await sendJson(json, accept);
      expect([response.status, codesOf(response), response.data]).toEqual([
        statusFor(accept),
        ['BAD_USER_INPUT'],
        undefined,
      ]);
      expect(response.errors[0]!.message).toContain(place);
    }
  });

  test('that is missing in the variables is refused as a whole', async () => {
    for (const accept of TYPES) {
      const response = await stack.send(ENTITIES, {}, { headers: { accept } });
      expect([response.status, codesOf(response), response.data]).toEqual([
        statusFor(accept),
        ['BAD_USER_INPUT'],
        undefined,
      ]);
      expect(response.errors[0]!.message).toMatch(/\$of.*was not provided/);
    }
  });

  test.each<[string, string, RegExp]>([
    ['null', '{ _entities(representations: null) { __typename } }', /found null/],
    ['a null among others', '{ _entities(representations: [{}, null]) { __typename } }', /found null/],
    ['missing', '{ _entities { __typename } }', /"representations".* required/],
    ['under another name', '{ _entities(representation: []) { __typename } }', /"representation"/],
    ['of another type', 'query ($of: [String!]!) { _entities(representations: $of) { __typename } }', /"\[_Any!\]!"/],
    ['of a type with nulls', 'query ($of: [_Any]!) { _entities(representations: $of) { __typename } }', /"\[_Any!\]!"/],
    ['with a key twice', '{ _entities(representations: [{ name: "a", name: "b" }]) { __typename } }', /"name"/],
  ])('that is %s in the document makes the operation invalid', async (_what, query, message) => {
    for (const accept of TYPES) {
      const response = await stack.send(query, { of: [] }, { headers: { accept } });
      expect([response.status, response.data]).toEqual([statusFor(accept), undefined]);
      expect(new Set(codesOf(response))).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
      expect(response.errors[0]!.message).toMatch(message);
    }
  });

  test('that is a single representation is a list of one, as in GraphQL', async () => {
    for (const send of [sendJson, sendLiteral]) {
      const response = await send(JSON.stringify(CLUSTER));
      expectGood(response);
      expect(response.data).toEqual({ _entities: [CLUSTER] });
      const wrong = await send('7');
      expect([wrong.status, codesOf(wrong), wrong.data]).toEqual([200, ['BAD_USER_INPUT'], { _entities: [null] }]);
    }
  });

  test('in the document may contain variables', async () => {
    const response = await stack.send(
      `query ($name: String!, $one: _Any!) {
        _entities(representations: [{ __typename: "KubernetesNamespace", clusterName: $name, name: $name }, $one]) { ${FIELDS} }
      }`,
      { name: 'x', one: WORKLOAD },
    );
    expectGood(response);
    expect(response.data).toEqual({ _entities: [{ ...NAMESPACE, clusterName: 'x', name: 'x' }, WORKLOAD] });
  });

  test('may be used under several aliases, with the fields of one type alone', async () => {
    const response = await stack.send(
      `query ($a: [_Any!]!, $b: [_Any!]!) {
        a: _entities(representations: $a) { ... on KubernetesCluster { name } }
        b: _entities(representations: $b) { __typename }
      }`,
      { a: [CLUSTER, WORKLOAD], b: [NAMESPACE] },
    );
    expectGood(response);
    expect(response.data).toEqual({ a: [{ name: 'c' }, {}], b: [{ __typename: 'KubernetesNamespace' }] });
  });

  test('is accepted in a GET', async () => {
    const search = new URLSearchParams({ query: ENTITIES, variables: JSON.stringify({ of: [WORKLOAD, {}, CLUSTER] }) });
    for (const accept of TYPES) {
      const request = new Request(`http://gateway/graphql?${search.toString()}`, {
        headers: { accept, 'apollo-require-preflight': 'true' },
      });
      const response = await stack.gateway.fetch(request);
      const { data, errors } = (await response.json()) as GraphqlResponse;
      expect(response.status).toBe(200);
      expect(data).toEqual({ _entities: [WORKLOAD, null, CLUSTER] });
      expect(errors.map(({ path }) => path)).toEqual([['_entities', 1]]);
    }
  });

  test('nested 10,000 levels deep is refused without a crash', async () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    const inVariables = await sendJson(`[${JSON.stringify(CLUSTER)}, ${deep}]`);
    expect([inVariables.status, codesOf(inVariables)]).toEqual([400, ['BAD_USER_INPUT']]);
    const inDocument = await stack.send(`{ _entities(representations: ${deep}) { __typename } }`);
    expect([inDocument.status, codesOf(inDocument)]).toEqual([400, ['MAX_DEPTH_LIMIT']]);
  });

  const many = <T>(length: number, make: (index: number) => T): T[] =>
    Array.from({ length }, (_, index) => make(index));

  test('of 2,000 invalid representations causes at most 100 errors', async () => {
    const isWrong = (index: number): boolean => index % 20 === 19;
    const of = many(2_000, (index) => {
      const kinds = [CLUSTER, NAMESPACE, WORKLOAD];
      return { ...(isWrong(index) ? {} : kinds[index % 3]), name: `n${index}` };
    });
    const response = await sendJson(JSON.stringify(of));
    expect(response.status).toBe(200);
    expect(response.data._entities).toEqual(of.map((each, index) => (isWrong(index) ? null : each)));
    expect(response.errors.map(({ path }) => path)).toEqual(many(100, (index) => ['_entities', 20 * index + 19]));
  });

  test('of more than 2 MiB is refused by size, and of more than 5,000 entries by length', async () => {
    for (const accept of TYPES) {
      const refused = await sendJson(JSON.stringify(Array(10_000).fill({ ...CLUSTER, more: 'x'.repeat(200) })), accept);
      expect([refused.status, codesOf(refused)]).toEqual([413, ['REQUEST_ENTITY_TOO_LARGE']]);
    }
    const long = await sendJson(JSON.stringify(Array(10_000).fill({})));
    expect([long.status, long.data]).toEqual([200, null]);
    expect(long.errors).toMatchObject([
      { path: ['_entities'], message: 'representations must have at most 5000 entries, and has 10000.' },
    ]);
    const short = await sendJson(JSON.stringify(Array(5_000).fill({})));
    expect(short.status).toBe(200);
    expect(short.data._entities).toEqual(Array(5_000).fill(null));
    expect([short.errors.length, ...new Set(codesOf(short))]).toEqual([101, 'BAD_USER_INPUT']);
    expect(short.errors[99]).toMatchObject({
      path: ['_entities', 99],
      message:
        'representations[99].__typename must be one of KubernetesCluster, KubernetesNamespace, KubernetesWorkload.',
    });
  });
});

describe('representations with costs', () => {
  test('have the error when ScaleOps fails, also after the hundredth', async () => {
    const latency = () => Promise.reject(new Error('down'));
    await using own = await startStack({ simulator: { ...FLEET, latency }, env: { SCALEOPS_MAX_ATTEMPTS: '1' } });
    const workloads = Array.from({ length: 200 }, (_, index) => FLEET_WORKLOADS[index % FLEET_WORKLOADS.length]!);
    const response = await own.send(
      'query ($of: [_Any!]!) { _entities(representations: $of) { ... on KubernetesWorkload { cost { totalCost } } } }',
      {
        of: workloads.map(({ clusterName, namespace, type, name }) => ({
          __typename: 'KubernetesWorkload',
          ...{ clusterName, namespace, type, name },
        })),
      },
    );
    expect([response.errors.length, ...new Set(codesOf(response))]).toEqual([101, 'UPSTREAM_ERROR']);
    expect(response.errors.at(-1)).toMatchObject({
      message: expect.stringMatching(/^More than 100 fields failed\./) as string,
      extensions: { retryable: true },
    });
  });

  test('make one call for 1,500 representations, and none for invalid ones', async () => {
    await using own = await startStack({ simulator: FLEET });
    const workloads = Array.from({ length: 1_500 }, (_, index) => FLEET_WORKLOADS[index % FLEET_WORKLOADS.length]!);
    const isWrong = (index: number): boolean => index % 15 === 0;
    const of = workloads.map(({ clusterName, namespace, type, name }, index) => {
      return { __typename: isWrong(index) ? 'Pod' : 'KubernetesWorkload', clusterName, namespace, type, name };
    });
    const response = await own.send(
      'query ($of: [_Any!]!) { _entities(representations: $of) { ... on KubernetesWorkload { cost { id: scaleOpsId } } } }',
      { of },
    );
    expect(response.status).toBe(200);
    expect(response.data._entities).toEqual(
      workloads.map(({ id }, index) => (isWrong(index) ? null : { cost: { id } })),
    );
    expect(response.errors).toHaveLength(100);
    expect(own.received).toHaveLength(1);
  });

  test('that are invalid leave the costs of the others unchanged', async () => {
    await using own = await startStack({ simulator: FLEET });
    const response = await own.send(
      `query ($of: [_Any!]!) { _entities(representations: $of) {
        ... on KubernetesCluster { name costs { rows { totalCount } } } ... on KubernetesNamespace { name costs { rows { totalCount } } }
      } }`,
      {
        of: [
          { __typename: 'KubernetesCluster', name: 'prod-us-east-1' },
          { __typename: 'KubernetesCluster', name: '' },
          { __typename: 'KubernetesNamespace', clusterName: 'prod-us-east-1', name: 'payments' },
          { __typename: 'KubernetesNamespace', clusterName: 'prod-us-east-1', name: 'nowhere' },
          'KubernetesCluster',
        ],
      },
    );
    expect(response.status).toBe(200);
    expect(response.data._entities).toEqual([
      { name: 'prod-us-east-1', costs: { rows: { totalCount: 145 } } },
      null,
      { name: 'payments', costs: { rows: { totalCount: 19 } } },
      { name: 'nowhere', costs: null },
      null,
    ]);
    expect(response.errors.map(({ path }) => path)).toEqual([
      ['_entities', 1],
      ['_entities', 4],
    ]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(own.received).toHaveLength(1);
  });
});

describe('a router', () => {
  test('reads the SDL with its directives, equal to schema/gateway.graphql', async () => {
    const response = await stack.send('{ _service { __typename sdl } }');
    expectGood(response);
    const file = readFileSync(new URL('../../schema/gateway.graphql', import.meta.url), 'utf8');
    expect(response.data._service.__typename).toBe('_Service');
    expect(response.data._service.sdl === file, '_service says something else than schema/gateway.graphql').toBe(true);
    expect(file).toMatch(/type KubernetesWorkload @key\(fields: "clusterName namespace type name"/);
    expect(file).not.toMatch(/_entities|_service|_Any|_Entity/);
  });

  test('finds the types and directives of federation by introspection', async () => {
    const { data, errors } = await stack.send(`{
      entity: __type(name: "_Entity") { kind description possibleTypes { name } }
      any: __type(name: "_Any") { kind description specifiedByURL }
      service: __type(name: "_Service") { kind description fields { name description type { name } } }
      query: __type(name: "Query") { fields { name description type { ...Type } args { name description type { ...Type } } } }
    } fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`);
    expect(errors).toEqual([]);
    const text = expect.stringMatching(/^[A-Z`].{10,}\.$/) as string;
    expect(data.entity).toEqual({
      kind: 'UNION',
      description: text,
      possibleTypes: [{ name: 'KubernetesCluster' }, { name: 'KubernetesNamespace' }, { name: 'KubernetesWorkload' }],
    });
    expect(data.any).toEqual({ kind: 'SCALAR', description: text, specifiedByURL: null });
    const sdl = { name: 'sdl', description: text, type: { name: 'String' } };
    expect(data.service).toEqual({ kind: 'OBJECT', description: text, fields: [sdl] });

    const nonNull = (ofType: object) => ({ kind: 'NON_NULL', name: null, ofType });
    const listOf = (ofType: object) => ({ kind: 'LIST', name: null, ofType });
    const representations = nonNull(listOf(nonNull({ kind: 'SCALAR', name: '_Any' })));
    const fields = (data.query.fields as { readonly name: string }[]).filter(({ name }) => name.startsWith('_'));
    expect(fields).toEqual([
      {
        name: '_entities',
        description: text,
        type: nonNull(listOf({ kind: 'UNION', name: '_Entity', ofType: null })),
        args: [{ name: 'representations', description: text, type: representations }],
      },
      {
        name: '_service',
        description: text,
        type: nonNull({ kind: 'OBJECT', name: '_Service', ofType: null }),
        args: [],
      },
    ]);
  });
});
