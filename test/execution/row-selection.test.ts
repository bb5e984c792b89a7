// The compiled selection of rows covers every field of a row. Without it a field is correct but several times as slow,
// which no other test detects.

import {
  assertObjectType,
  getNamedType,
  isLeafType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  type FieldNode,
  type GraphQLObjectType,
  type OperationDefinitionNode,
} from 'graphql';
import { expect, test } from 'vitest';

import { createSchema } from '../../src/graphql/schema.js';
import { compileRowSelection } from '../../src/graphql/selection/row-selection.js';

const schema = createSchema();
const ROW = assertObjectType(schema.getType('CostRow'));

/** The fields of a type with an example of each required argument, and the leaves below them. */
function selectFields(type: GraphQLObjectType): string[] {
  return Object.values(type.getFields()).flatMap((field) => {
    const inner = getNamedType(field.type);
    const args = field.args.filter((arg) => isNonNullType(arg.type)).map((arg) => `${arg.name}: "team"`);
    const call = `${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}`;
    if (isLeafType(inner)) return [call];
    if (!isObjectType(inner)) return [];
    const leaves = Object.values(inner.getFields()).filter((each) => isLeafType(getNamedType(each.type)));
    return [`${call} { ${leaves.map(({ name }) => name).join(' ')} }`];
  });
}

test.each(selectFields(ROW))('a page of rows with `%s` is written without row objects', (selection) => {
  const [operation] = parse(`{ nodes { ${selection} } }`).definitions as OperationDefinitionNode[];
  const fieldNodes = operation!.selectionSet.selections.filter((node): node is FieldNode => node.kind === Kind.FIELD);
  expect(compileRowSelection({ fieldNodes, fragments: {}, schema, variableValues: {} })).toHaveLength(1);
});
