// With GATEWAY_INTROSPECTION=off neither introspection nor suggestions reveal the schema.

import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';

const stacks: Partial<Record<'on' | 'off', TestStack>> = {};
beforeAll(async () => {
  stacks.on = await startStack();
  stacks.off = await startStack({ env: { GATEWAY_INTROSPECTION: 'off' } });
});
afterAll(async () => {
  for (const stack of Object.values(stacks)) await stack[Symbol.asyncDispose]();
});

describe('the schema', () => {
  test.each([
    ['__schema', '{ __schema { queryType { name } } }'],
    ['__type', '{ __type(name: "Query") { name } }'],
    ['_service', '{ _service { sdl } }'],
    ['__schema', '{ ...all } fragment all on Query { asked: __schema { queryType { name } } }'],
    ['__schema', getIntrospectionQuery()],
  ])('is readable by %s, unless introspection is off', async (field, query) => {
    expect((await stacks.on!.send(query)).errors).toEqual([]);
    const { status, data, errors } = await stacks.off!.send(query);
    expect([status, data]).toEqual([400, undefined]);
    expect(errors).toMatchObject([
      {
        message: `Introspection is disabled: ${field} is not available.`,
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ]);
    // The same for a cached validation.
    expect((await stacks.off!.send(query)).status).toBe(400);
  });

  test('has readable __typename fields with introspection off', async () => {
    const { data, errors } = await stacks.off!.send('{ __typename workloadCosts { __typename } }');
    expect([data, errors]).toEqual([{ __typename: 'Query', workloadCosts: { __typename: 'CostReport' } }, []]);
  });
});

describe('a suggestion', () => {
  const inVariable =
    'query ($where: CostRowsWhere, $by: [CostDimensionInput!]!, $order: [CostRowOrder!]) { workloadCosts { rows(where: $where, orderBy: $order) { totalCount } breakdown(by: $by) { groupCount } } }';
  test.each<[string, string, Record<string, unknown>?]>([
    ['a field', '{ workloadCost { asOf } }'],
    ['an argument', '{ workloadCosts(filte: null) { asOf } }'],
    ['a type', 'query ($a: CostRowsWher) { workloadCosts { rows(where: $a) { totalCount } } }'],
    ['a fragment type', '{ ... on Quer { __typename } }'],
    ['an input field', '{ workloadCosts { rows(where: { serch: "" }) { totalCount } } }'],
    ['an enum value', '{ workloadCosts { rows(orderBy: [{ field: TOTAL_COS }]) { totalCount } } }'],
    ['subfields', '{ workloadCosts { rows } }'],
    ['an enum value as a string', '{ workloadCosts { rows(orderBy: [{ field: "TOTAL_COST" }]) { totalCount } } }'],
    ['an input field of a variable', inVariable, { where: { serch: '' }, by: [{ field: 'CLUSTER' }] }],
    ['an enum value of a variable', inVariable, { by: [{ field: 'CLUSTR' }] }],
    ['an enum value deeper in a variable', inVariable, { by: [{ field: 'CLUSTER' }], order: [{ field: 'TOTAL_COS' }] }],
  ])('of %s is in the error, unless introspection is off', async (_what, query, variables) => {
    const { message: suggestion } = (await stacks.on!.send(query, variables)).errors[0]!;
    const { message: kept } = (await stacks.off!.send(query, variables)).errors[0]!;
    expect(suggestion).toMatch(/ Did you mean .+\?$/);
    expect(kept).not.toMatch(/did you mean/i);
    expect(suggestion.startsWith(kept)).toBe(true);
    expect(kept.length).toBeGreaterThan(10);
  });
});
