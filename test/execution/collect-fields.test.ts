// CollectFields, compared with graphql-js on the same documents.

import { assertObjectType, buildSchema, executeSync, getOperationAST, Kind, parse } from 'graphql';
import type { FragmentDefinitionNode } from 'graphql';
import { expect, test } from 'vitest';

import { collectFields, createInclusionTest } from '../../src/execution/collect-fields.js';

const schema = buildSchema(`
  interface Named { name: String }
  union Any = Query | Other
  type Query implements Named { name: String a: String b: String }
  type Other implements Named { name: String }
`);

function collect(text: string, variables: Record<string, unknown> = {}): string[] {
  const document = parse(text);
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const each of document.definitions)
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments[each.name.value] = each;
  const context = { schema, fragments, isIncluded: createInclusionTest(variables) };
  const operation = getOperationAST(document)!;
  return [...collectFields(context, assertObjectType(schema.getType('Query')), [operation.selectionSet]).keys()];
}

test.each<[string, string, Record<string, unknown>?]>([
  ['aliases and repeated fields', '{ x: a b x: a a }'],
  ['names of object properties', '{ __proto__: a then: b constructor: a }'],
  ['@skip', 'query ($no: Boolean!) { a @skip(if: $no) b @skip(if: false) }', { no: true }],
  ['@include', 'query ($yes: Boolean!) { a @include(if: $yes) b @include(if: false) }', { yes: true }],
  ['@skip and @include together', '{ a @skip(if: true) @include(if: true) b @skip(if: false) @include(if: true) }'],
  ['conditions on fragments', '{ ... @include(if: false) { a } ...F @skip(if: true) } fragment F on Query { b }'],
  ['nested fragments in their order', '{ b ...F a } fragment F on Query { x: a ...G } fragment G on Query { y: b a }'],
  ['a fragment that is spread twice', '{ ...F b ...F } fragment F on Query { a }'],
  ['a fragment that is skipped at its first spread', '{ ...F @skip(if: true) b ...F } fragment F on Query { a }'],
  ['fragments on the interface and the union', '{ ... on Named { name } ... on Any { ... on Query { a } } }'],
  ['a fragment on another type', '{ a ... on Any { ... on Other { name } } }'],
])('collects %s like graphql-js', (_what, text, variables) => {
  const { data } = executeSync({ schema, document: parse(text), ...(variables && { variableValues: variables }) });
  expect(collect(text, variables)).toEqual(Object.keys(data!));
});

test('merges the nodes of one response name', () => {
  const document = parse('{ a ...F a } fragment F on Query { a }');
  const [operation, fragment] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION || fragment?.kind !== Kind.FRAGMENT_DEFINITION) throw new Error();
  const context = { schema, fragments: { F: fragment }, isIncluded: () => true };
  const fields = collectFields(context, schema.getQueryType()!, [operation.selectionSet]);
  expect(fields.get('a')).toHaveLength(3);
});
