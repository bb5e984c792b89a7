// Messages about inputs of the wrong type say what to write instead.

import { describe, expect, test } from 'vitest';

import { startStack } from '../kit/gateway.js';

const DIMENSIONS = 'Set exactly one of field, label, annotation or anyLabel, such as {field: NAMESPACE}.';
const RANGES = 'Set exactly one of last, between or calendar, such as {last: "7d"}.';
const groupBy = (by: string): string => `{ workloadCosts { breakdown(by: [${by}]) { groupCount } } }`;

describe('a message about an input', () => {
  test.each([
    [
      'an unknown enum value',
      groupBy('{ field: TEAM }'),
      'It has CLUSTER, NAMESPACE, WORKLOAD_TYPE and WORKLOAD_NAME.',
    ],
    ['a @oneOf input without a field', groupBy('{}'), DIMENSIONS],
    ['a @oneOf input with two fields', groupBy('{ field: CLUSTER, label: "team" }'), DIMENSIONS],
    ['an unknown field of a @oneOf input', groupBy('{ team: 1 }'), DIMENSIONS],
    ['a @oneOf field that is null', '{ aggregatedCosts(filter: { timeRange: { last: null } }) { asOf } }', RANGES],
    [
      'an unknown field of another input',
      '{ workloadCosts { totals(where: { labels: [] }) { rowCount } } }',
      'It has clusterNames, namespaces, workloadTypes, workloadNames, dimensions, search, minTotalCost, maxTotalCost and minSavingsAvailable.',
    ],
  ])('names the valid input in place of %s', async (_title, query, hint) => {
    await using stack = await startStack();
    const { errors } = await stack.send(query);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      message: expect.stringMatching(/^.+\. /) as string,
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
    expect(errors[0]!.message.endsWith(` ${hint}`)).toBe(true);
    expect(stack.received).toHaveLength(0);
  });

  test.each([
    ['an unknown enum value', { field: 'TEAM' }, 'It has CLUSTER, NAMESPACE, WORKLOAD_TYPE and WORKLOAD_NAME.'],
    ['a @oneOf input without a field', {}, DIMENSIONS],
    ['a @oneOf input with two fields', { field: 'CLUSTER', label: 'team' }, DIMENSIONS],
  ])('names the valid input in place of %s in a variable', async (_title, by, hint) => {
    await using stack = await startStack();
    const query = 'query ($by: [CostDimensionInput!]!) { workloadCosts { breakdown(by: $by) { groupCount } } }';
    const { errors } = await stack.send(query, { by: [by] });
    expect(errors[0]!.extensions.code).toBe('BAD_USER_INPUT');
    expect(errors[0]!.message.endsWith(` ${hint}`)).toBe(true);
  });

  test('names nothing of the schema with introspection off', async () => {
    await using stack = await startStack({ env: { GATEWAY_INTROSPECTION: 'off' } });
    const { errors } = await stack.send(groupBy('{ field: TEAM }'));
    expect(errors[0]!.message).toBe('by[0].field: Value "TEAM" does not exist in "CostDimension" enum.');
  });

  test.each([
    [
      'rows(first: 2147483648) { totalCount }',
      /^first: Int cannot represent non 32-bit signed integer value: 2147483648/,
    ],
    ['rows(first: "5") { totalCount }', /^first: Int cannot represent non-integer value/],
    ['rows(where: { search: 5 }) { totalCount }', /^where\.search: String cannot represent a non string value/],
    ['rows(where: { minTotalCost: "5" }) { totalCount }', /^where\.minTotalCost: Float cannot represent /],
    ['rows(where: { namespaces: ["a", 5] }) { totalCount }', /^where\.namespaces\[1\]: String cannot represent /],
    [
      'totals(where: { dimensions: [{ by: { field: CLUSTER }, values: [], exclude: 1 }] }) { rowCount }',
      /^where\.dimensions\[0\]\.exclude: Boolean cannot represent /,
    ],
    [
      'breakdown(by: [{ label: "a" }, { field: "CLUSTER" }]) { groupCount }',
      /^by\[1\]\.field: Enum "CostDimension" cannot represent /,
    ],
  ])('names the place of a literal of another type: %s', async (field, message) => {
    await using stack = await startStack();
    const { errors } = await stack.send(`{ workloadCosts { ${field} } }`);
    expect(errors.map((error) => error.message)).toEqual([expect.stringMatching(message)]);
    expect(stack.received).toHaveLength(0);
  });
});
