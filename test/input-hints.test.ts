// Messages about inputs that do not fit their type say what to write instead.

import { describe, expect, test } from 'vitest';

import { startStack } from './kit/gateway.js';

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
  ])('names what can be written in place of %s', async (_title, query, hint) => {
    await using stack = await startStack();
    const { errors } = await stack.ask(query);
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
  ])('says it of %s in a variable', async (_title, by, hint) => {
    await using stack = await startStack();
    const query = 'query ($by: [CostDimensionInput!]!) { workloadCosts { breakdown(by: $by) { groupCount } } }';
    const { errors } = await stack.ask(query, { by: [by] });
    expect(errors[0]!.extensions.code).toBe('BAD_USER_INPUT');
    expect(errors[0]!.message.endsWith(` ${hint}`)).toBe(true);
  });

  test('names nothing of the schema with introspection off', async () => {
    await using stack = await startStack({ env: { GATEWAY_INTROSPECTION: 'off' } });
    const { errors } = await stack.ask(groupBy('{ field: TEAM }'));
    expect(errors[0]!.message).toBe('Value "TEAM" does not exist in "CostDimension" enum.');
  });
});
