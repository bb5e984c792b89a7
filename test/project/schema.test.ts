// The schema for its users: printed, described, and complete compared with the upstream's contract.

import { readFileSync } from 'node:fs';
import {
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLNamedType,
} from 'graphql';
import { describe, expect, test } from 'vitest';

import { createSchema, printSchema } from '../../src/graphql/schema.js';
import { upstreamContract } from '../kit/formats/openapi.js';

const schema = createSchema();
const ownTypes = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

test('schema/gateway.graphql equals the schema of the code; `npm run schema` writes it', () => {
  const file = readFileSync(new URL('../../schema/gateway.graphql', import.meta.url), 'utf8');
  expect(file === printSchema(), 'schema/gateway.graphql is out of date: run `npm run schema`').toBe(true);
});

/** Every element with a description, by coordinate: `CostRow.totalCost`, `CostReport.rows(first:)`. */
function* describable(type: GraphQLNamedType): Iterable<readonly [string, string | null | undefined]> {
  yield [type.name, type.description];
  if (isEnumType(type))
    for (const { name, description } of type.getValues()) yield [`${type.name}.${name}`, description];
  if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field.description];
  }
  if (!isObjectType(type)) return;
  for (const field of Object.values(type.getFields())) {
    yield [`${type.name}.${field.name}`, field.description];
    for (const arg of field.args) yield [`${type.name}.${field.name}(${arg.name}:)`, arg.description];
  }
}

describe('descriptions', () => {
  const all = [['schema', schema.description] as const, ...ownTypes.flatMap((type) => [...describable(type)])];

  test.each(all)('%s is described in a sentence', (_coordinate, description) => {
    expect(description ?? '').toMatch(/^[A-Z0-9`].{10,}[.?`]$/s);
  });

  test.each(all)('%s is not described by its own name', (coordinate, description) => {
    const name = coordinate.split('.').at(-1)?.toLowerCase() ?? '';
    expect(description?.toLowerCase().replaceAll(/[^a-z]/g, '')).not.toBe(name);
  });

  test('describe the unit of every number of a row', () => {
    const row = schema.getType('CostRow');
    const fields = isObjectType(row) ? Object.values(row.getFields()) : [];
    const numbers = fields.filter(({ type }) => ['Float', 'Int'].includes(String(type)));
    expect(numbers).toHaveLength(14);
    for (const { name, description } of numbers) {
      expect(description, name).toMatch(/currency|percent|hours|millicores|bytes|number of|how many|from 0 to 1/i);
    }
  });
});

describe('a row', () => {
  test('has every field of the REST API, labels by key, `share`, the freshness of its report, and its entities', () => {
    const { components } = upstreamContract as unknown as {
      components: { schemas: Record<string, { properties?: Record<string, unknown> }> };
    };
    const upstreamRow = Object.values(components.schemas).find(({ properties }) => properties?.ownerCpuRequest);
    const row = schema.getType('CostRow');
    const fields = isObjectType(row) ? Object.keys(row.getFields()) : [];
    const ofReport = ['asOf', 'isStale', 'window'];
    const entities = ['kubernetesCluster', 'kubernetesNamespace', 'kubernetesWorkload'];
    const own = ['scaleOpsId', 'label', 'annotation', 'share', ...ofReport, ...entities];
    expect(fields.toSorted()).toEqual([...Object.keys(upstreamRow?.properties ?? {}), ...own].toSorted());
    expect(fields).toHaveLength(32);
  });
});
