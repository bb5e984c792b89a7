// The executor, compared with graphql-js: random operations and variables over a schema that uses all parts of a plan.
// Resolvers return synchronously or later, a valid value, null or an error.

import * as fc from 'fast-check';
import {
  buildSchema,
  defaultFieldResolver,
  execute,
  getOperationAST,
  parse,
  responsePathAsArray,
  validate,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLResolveInfo,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { TooManyFieldsError } from '../../src/execution/plan.js';
import { PreparedOperation } from '../../src/execution/prepared-operation.js';
import { runPlan } from '../../src/execution/run-plan.js';
import { settle, watch } from '../kit/time/deferred.js';

const schema = buildSchema(`
  type Query {
    item: Item
    sure: Item!
    items: [Item]
    sureItems: [Item!]!
    grid: [[Int!]]
    number: Int
    sureNumber: Int!
    kind: Kind
    named: Named
    echo(text: String, count: Int! = 3, kinds: [Kind!], where: Where, plain: Int = 7, more: Boolean): String
    must(count: Int!): String
  }
  type Item implements Named { name: String number: Int sureNumber: Int! kind: Kind item: Item sure: Item! items: [Item!] echo(where: Where): String }
  interface Named { name: String }
  enum Kind { SMALL LARGE }
  input Where { name: String! least: Float = 0.5 kinds: [Kind] and: [Where!] one: One }
  input One @oneOf { text: String number: Int }
`);

/** The executor is used without a root value: root fields take their values from here. */
interface Context {
  readonly who: string;
  readonly root: unknown;
}

/** The arguments of a resolver, as its result. */
function echo(_source: unknown, args: unknown, { who }: Context, info: GraphQLResolveInfo): string {
  const { fieldName, returnType, parentType, path, rootValue, variableValues, operation, fragments, fieldNodes } = info;
  return JSON.stringify({
    ...{ args, who, fieldName, rootValue, variableValues },
    types: [String(returnType), String(parentType), info.schema === schema],
    path: [responsePathAsArray(path), path.typename],
    document: [operation.name?.value, Object.keys(fragments), fieldNodes.map(({ loc }) => loc?.start)],
  });
}
for (const type of ['Query', 'Item'] as const) {
  const fields = (schema.getType(type) as import('graphql').GraphQLObjectType).getFields();
  fields.echo!.resolve = echo;
  if (fields.must !== undefined) fields.must.resolve = echo;
}
for (const field of Object.values(schema.getQueryType()!.getFields())) {
  field.resolve ??= (_source, args, context: Context, info) => defaultFieldResolver(context.root, args, context, info);
}

/** How a value is returned: memoized by the first reader, or computed each time. `late`: in order, after earlier ones. */
type Manner = 'value' | 'function' | 'promise' | 'late';
interface Given {
  readonly manner: Manner;
  readonly turn: number;
  readonly value: unknown;
}

type Turns = Map<number, (() => void)[]>;

const turn = fc.integer({ min: 0, max: 6 });
const manner = fc.constantFrom<Manner>('value', 'value', 'value', 'function', 'promise', 'late');
const given = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Given> => fc.record({ manner, turn, value });
/** Mostly valid values. */
const mostlyValid = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Given> =>
  given(
    fc.oneof(
      { weight: 8, arbitrary: value },
      { weight: 1, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.string().map((message) => new Error(message)) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>('unfit', 3.5, true, {}) },
    ),
  );

const { source } = fc.letrec<{ source: unknown; item: unknown }>((tie) => {
  const item = fc.oneof({ maxDepth: 3, depthSize: 'small', withCrossShrink: true }, fc.constant({}), tie('item'));
  const leaves = {
    name: mostlyValid(fc.string()),
    number: mostlyValid(fc.integer({ min: -9, max: 9 })),
    sureNumber: mostlyValid(fc.integer({ min: -9, max: 9 })),
    kind: mostlyValid(fc.constantFrom('SMALL', 'LARGE')),
  };
  const list = (of: fc.Arbitrary<unknown>) => fc.array(mostlyValid(of), { maxLength: 3 });
  const below = { item: mostlyValid(item), sure: mostlyValid(item), items: mostlyValid(list(item)) };
  return {
    item: fc.record({ ...leaves, ...below, __typename: fc.constant('Item') }, { requiredKeys: [] }),
    source: fc.record({
      ...leaves,
      ...below,
      sureItems: mostlyValid(list(item)),
      grid: mostlyValid(list(list(fc.integer({ min: -9, max: 9 })))),
      named: mostlyValid(item),
    }),
  };
});

/** The source of resolvers, created for each execution, with ordered turns. */
function toSource(tree: unknown, turns: Turns): unknown {
  if (Array.isArray(tree)) return tree.map((each) => toSource(each, turns));
  if (typeof tree !== 'object' || tree === null || tree instanceof Error) return tree;
  if ('manner' in tree) return give(tree as Given, turns);
  return Object.fromEntries(Object.entries(tree).map(([name, each]) => [name, toSource(each, turns)]));
}

function give({ manner: how, turn: at, value }: Given, turns: Turns): unknown {
  const make = (): unknown => {
    const made = toSource(value, turns);
    if (made instanceof Error) throw made;
    return made;
  };
  if (how === 'value') return toSource(value, turns);
  if (how === 'function') return make;
  if (how === 'promise')
    return {
      then: (...then: [() => void, () => void]) =>
        Promise.resolve()
          .then(make)
          .then(...then),
    };
  const waiting = turns.get(at) ?? [];
  turns.set(at, waiting);
  return {
    then: (...then: [() => void, () => void]) => new Promise<void>((go) => waiting.push(go)).then(make).then(...then),
  };
}

/** Releases waiting values one by one, each when nothing else moves. */
async function releaseValues<T>(result: T | Promise<T>, turns: Turns): Promise<T> {
  const state = watch(Promise.resolve(result));
  // Including values that no field waits for.
  while (state.outcome() === 'pending' || turns.size > 0) {
    await settle();
    const next = Math.min(...turns.keys());
    const [first, ...later] = turns.get(next) ?? [];
    if (later.length > 0) turns.set(next, later);
    else turns.delete(next);
    first?.();
  }
  // By then unhandled rejections are known.
  await settle();
  return result;
}

const alias = fc.constantFrom('', '', '', 'a: ', 'b: ', 'then: ', '__proto__: ');
const where = fc.constantFrom(
  '',
  '(where: $where)',
  '(where: { name: "x" })',
  '(where: { name: $text })',
  '(where: null)',
  '(where: { name: "x", kinds: LARGE, and: [{ name: "y", one: { number: 3 } }] })',
);
const echoArguments = fc.constantFrom(
  '',
  '(text: $text, count: $count)',
  '(kinds: $kinds, where: $where)',
  '(count: 4, kinds: SMALL, plain: null)',
  '(kinds: [SMALL, $kind], more: true)',
  '(plain: $plain, text: "$text")',
);
const { selection } = fc.letrec<{ selection: string; itemSelection: string }>((tie) => {
  const pick = (...fields: fc.Arbitrary<string>[]) =>
    fc.array(
      fc.tuple(alias, fc.oneof(...fields)).map(([name, field]) => (field.startsWith('...') ? field : name + field)),
      { minLength: 1, maxLength: 5 },
    );
  const leaf = fc.constantFrom('name', 'number', 'sureNumber', 'kind', '__typename');
  const inner = fc.oneof({ maxDepth: 4, depthSize: 'small' }, fc.constant('{ number }'), tie('itemSelection'));
  const object = (...names: string[]) => fc.tuple(fc.constantFrom(...names), inner).map((parts) => parts.join(' '));
  const spread = fc.constantFrom('... on Item { sure { name } number }', '...One', '...Two', '... { kind }');
  const itemFields = pick(
    leaf,
    object('item', 'sure', 'items'),
    where.map((text) => `echo${text}`),
  );
  return {
    itemSelection: fc
      .tuple(itemFields, fc.option(spread, { freq: 3 }), fc.nat(1))
      .map(
        ([fields, more, first]) =>
          `{ ${[...(first ? [more ?? ''] : []), ...fields, ...(first ? [] : [more ?? ''])].join(' ')} }`,
      ),
    selection: pick(
      fc.constantFrom('number', 'sureNumber', 'kind', 'grid', '__typename', 'must(count: $count)'),
      object('item', 'sure', 'items', 'sureItems'),
      echoArguments.map((text) => `echo${text}`),
      fc.constantFrom(
        'named { name }',
        'item @include(if: $more) { name }',
        '... on Query { number }',
        'number @skip(if: $more)',
        '__type(name: "Item") { name }',
      ),
    ).map((fields) => `{ ${fields.join(' ')} }`),
  };
});

const HEAD = `query Random($text: String! = "t", $count: Int = 5, $kind: Kind! = SMALL, $kinds: [Kind!], $where: Where, $plain: Int, $more: Boolean! = true)`;
const FRAGMENTS = 'fragment One on Item { name ...Two item { ...Two } } fragment Two on Item { kind a: number }';

function toDocument(text: string): DocumentNode | undefined {
  const document = parse(`${HEAD} ${text} ${FRAGMENTS}`);
  // Conflicting aliases, unused fragments and variables: only the unused ones are allowed.
  const errors = validate(schema, document).filter(({ message }) => !/never used|is not used/.test(message));
  return errors.length === 0 ? document : undefined;
}

const whereValue = fc.constantFrom<unknown>(
  ...[
    null,
    3,
    [],
    { name: 'n' },
    { name: null },
    {},
    { name: 'n', least: 1e400, other: 1 },
    { name: 'n', kinds: 'LARGE' },
  ],
  ...[
    { name: 'n', and: { name: 'm', least: null } },
    { name: 'n', and: [{}] },
    { name: 'n', kinds: ['SMALL', null, 'NONE'] },
  ],
  ...[
    { name: 'n', one: { text: 'a' } },
    { name: 'n', one: {} },
    { name: 'n', one: { text: 'a', number: 1 } },
  ],
  ...[{ name: 'n', one: { text: null } }, { name: 'n', toString: 1 }, JSON.parse('{"name":"n","__proto__":1}')],
);
const record = (values: Readonly<Record<string, readonly unknown[]>>) =>
  fc.record(Object.fromEntries(Object.entries(values).map(([name, some]) => [name, fc.constantFrom(...some)])), {
    requiredKeys: [],
  });
/** Mostly valid values. */
const variables = fc.oneof(
  {
    weight: 4,
    arbitrary: record({
      text: ['given', null],
      count: [1, null],
      kind: ['LARGE'],
      kinds: ['LARGE', ['SMALL'], [], null],
      where: [null, { name: 'n' }, { name: 'n', and: { name: 'm', least: null } }, { name: 'n', one: { text: 'a' } }],
      plain: [0, null],
      more: [false, true],
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        text: fc.constantFrom<unknown>('given', 3),
        count: fc.constantFrom<unknown>(1, 1.5, '1', 2 ** 40),
        kind: fc.constantFrom<unknown>('LARGE', null, 'NONE', 1),
        kinds: fc.constantFrom<unknown>([null], {}, ['NONE']),
        where: whereValue,
        more: fc.constantFrom<unknown>('true', null),
        unknown: fc.constant(1),
      },
      { requiredKeys: [] },
    ),
  },
);

async function compare(document: DocumentNode, tree: unknown, values: Readonly<Record<string, unknown>>) {
  const run = async (by: (context: Context) => ExecutionResult | Promise<ExecutionResult>) => {
    const turns = new Map() as Turns;
    const result = await releaseValues(by({ who: 'me', root: toSource(tree, turns) }), turns);
    const errors = result.errors?.map((error) => ({ ...error.toJSON(), original: error.originalError?.message }));
    return { data: JSON.stringify(result.data), errors: errors?.map((error) => JSON.stringify(error)) };
  };
  const reference = await run((contextValue) => {
    return execute({ schema, document, contextValue, variableValues: values, options: { maxCoercionErrors: 3 } });
  });
  unhandled.length = 0;
  const actual = await run((context) => executeHere(document, values, context));
  expect(actual).toEqual(reference);
  expect(unhandled).toEqual([]);
  return reference;
}

function prepare(document: DocumentNode) {
  return new PreparedOperation(schema, document, getOperationAST(document, null)!);
}

function executeHere(
  document: DocumentNode,
  given: Readonly<Record<string, unknown>>,
  context: Context,
): ExecutionResult | Promise<ExecutionResult> {
  const prepared = prepare(document);
  const { errors, coerced } = prepared.coerceVariables(given);
  return errors === undefined ? runPlan(prepared.planFor(coerced), coerced, context, {}) : { errors };
}

/** Unhandled rejections, which would end a process. */
const unhandled: unknown[] = [];
const others = process.listeners('unhandledRejection');
beforeAll(() => {
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', (error) => unhandled.push(error));
});
afterAll(() => {
  process.removeAllListeners('unhandledRejection');
  for (const each of others) process.on('unhandledRejection', each);
});

test('executes random operations like graphql-js', async () => {
  const seen = { ok: 0, partial: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(selection, source, variables, async (text, tree, values) => {
      const document = toDocument(text);
      fc.pre(document !== undefined);
      const { errors, data } = await compare(document, tree, values);
      seen[errors === undefined ? 'ok' : (data as string | undefined) === undefined ? 'refused' : 'partial'] += 1;
    }),
    { numRuns: 1_500 },
  );
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(50);
}, 120_000);

test('handles the late rejection of an item beside one that failed', async () => {
  const given = (manner: Manner, value: unknown): Given => ({ manner, turn: 0, value });
  const list = [given('late', new Error('late')), given('value', null)];
  const reference = executeHere(
    toDocument('{ sureItems { name } }')!,
    {},
    {
      who: 'me',
      root: toSource({ sureItems: given('value', list) }, new Map()),
    },
  );
  expect(await reference).toMatchObject({
    data: null,
    errors: [{ message: expect.stringContaining('Cannot return null') }],
  });
  await settle();
  expect(unhandled).toEqual([]);
});

const value = (it: unknown): Given => ({ manner: 'value', turn: 0, value: it });

test.each([
  ['a field of the root', '{ number }', {}],
  ['fragments, aliases and __typename', '{ a: item { ...One ... on Item { name } __typename } }', {}],
  ['arguments with and without variables', '{ echo(text: $text, kinds: [$kind]) must(count: 1) }', {}],
  ['@include by a variable that is true', '{ item { name @include(if: $more) } }', { more: true }],
  ['@include by a variable that is false', '{ item { name @include(if: $more) } }', { more: false }],
  ['a condition without a value', '{ number item { name @include(if: $more) } }', { more: null }],
  ['@skip in a fragment', '{ item { ... on Item @skip(if: true) { name } number } }', {}],
  ['an interface', '{ named { name __typename ... on Item { number } } }', {}],
  ['a fragment on an interface', '{ item { ... on Named { name } } }', {}],
  [
    'introspection',
    '{ __schema { queryType { name fields { name args { name defaultValue } } } } __type(name: "Item") { kind } }',
    {},
  ],
  ['an alias __proto__', '{ __proto__: number item { __proto__: name } }', {}],
  ['an alias then', '{ then: number item { then: __typename } }', {}],
])('executes %s like graphql-js', async (_what, text, values) => {
  const item = value({ name: value('n'), number: value(1), __typename: 'Item' });
  await compare(toDocument(text)!, { number: value(7), item, named: item }, values);
});

test.each(['mutation', 'subscription'])('refuses a %s like graphql-js, because the schema has none', async (type) => {
  await compare(parse(`${type} { number }`), {}, {});
});

test('uses a variable called __proto__', async () => {
  const document = parse('query ($__proto__: String) { echo(text: $__proto__) }');
  const result = await executeHere(document, JSON.parse('{"__proto__":"used"}') as Record<string, unknown>, {
    who: 'me',
    root: {},
  });
  expect(JSON.parse((result.data as { echo: string }).echo)).toMatchObject({ args: { text: 'used' } });
});

test('lists at most 100 errors, and resolves no field after them', async () => {
  let resolved = 0;
  const item = () => ({
    name: () => {
      resolved += 1;
      throw new Error('failed');
    },
  });
  const items = Array.from({ length: 1_000 }, item);
  const result = await executeHere(parse('{ items { name } }'), {}, { who: 'me', root: { items } });
  expect(result.errors).toHaveLength(101);
  const last = result.errors?.at(-1);
  expect(last?.message).toMatch(/^More than 100 fields failed\./);
  expect([last?.path, last?.originalError?.message]).toEqual([undefined, 'failed']);
  expect(resolved).toBe(101);
  expect(result.data?.items).toHaveLength(1_000);
});

test('stops before the next field once the operation is stopped', async () => {
  let resolved = 0;
  const items = Array.from({ length: 1_000 }, () => ({ name: () => `${(resolved += 1)}` }));
  const prepared = prepare(parse('{ items { name } }'));
  const stopped = () => (resolved >= 10 ? new Error('enough') : undefined);
  const result = await runPlan(prepared.planFor({}), {}, { who: 'me', root: { items } }, { stopped });
  expect(resolved).toBe(10);
  expect(result).toMatchObject({ errors: [{ message: 'enough' }] });
  expect(result.data).toBeUndefined();
});

test('refuses a plan of more than 10,000 fields', () => {
  const text = (count: number) => `{ ${Array.from({ length: count }, (_, index) => `f${index}: number`).join(' ')} }`;
  expect(prepare(parse(text(10_000))).maxFieldCount).toBe(10_000);
  expect(() => prepare(parse(text(10_001)))).toThrow(TooManyFieldsError);
});
