// Random operations of a schema: any of its fields, arguments, variables, aliases, fragments and directives. Nearly all
// are valid until their text is mutated.

import {
  getNamedType,
  isCompositeType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
} from 'graphql';

import type { Choices } from './choices.js';
import { makeValue, UNUSUAL_NAMES, toLiteral } from './values.js';

export interface Operation {
  readonly query: string;
  /** JSON text by name. */
  readonly variables: ReadonlyMap<string, string>;
  readonly name: string | undefined;
}

/** Seven levels reach the labels of a row's entity's rows. */
const MAX_DEPTH = 7;
const MAX_FIELDS = 40;

export function makeOperation(choices: Choices, schema: GraphQLSchema): Operation {
  const declarations: string[] = [];
  const variables = new Map<string, string>();
  const fragments = new Map<string, { readonly on: string; readonly text: string }>();
  let fieldCount = 0;

  /** Returns `$name` for a new variable of this type and value. */
  const declare = (type: string, json: string): string => {
    const name = choices.chance(4) ? choices.pick(UNUSUAL_NAMES) : `v${variables.size}`;
    if (!variables.has(name)) declarations.push(`$${name}: ${type}`);
    variables.set(name, json);
    return `$${name}`;
  };
  const writeArgument = ({ name, type }: GraphQLArgument): string => {
    const value = makeValue(choices, type, name);
    const text = choices.chance(30) ? declare(String(type), JSON.stringify(value)) : toLiteral(value, type);
    return `${name}: ${text}`;
  };
  const writeDirective = (): string => {
    if (!choices.chance(5)) return '';
    const condition =
      choices.pick(['true', 'false', undefined]) ?? declare('Boolean!', choices.pick(['true', 'false']));
    return ` @${choices.pick(['include', 'skip'])}(if: ${condition})`;
  };
  const writeField = ({ name, args, type }: GraphQLField<unknown, unknown>, depth: number): string => {
    const given = args.filter((arg) => isWanted(choices, arg)).map(writeArgument);
    const inner = getNamedType(type);
    const set = isCompositeType(inner) ? ` ${writeSet(inner, depth + 1)}` : '';
    // Fields with one name and different arguments conflict.
    const isOwn = given.length > 0 || set !== '';
    const alias = isOwn ? `f${fieldCount++}: ` : choices.chance(2) ? `${choices.pick(UNUSUAL_NAMES)}: ` : '';
    return `${alias}${name}${given.length > 0 ? `(${given.join(', ')})` : ''}${writeDirective()}${set}`;
  };
  const writeFragment = (type: GraphQLCompositeType, depth: number): string => {
    const known = [...fragments].find(([, { on }]) => on === type.name)?.[0];
    if (known !== undefined && choices.chance(50)) return `...${known}`;
    const text = writeSelections(type, depth);
    if (choices.chance(50)) return `... on ${type.name}${writeDirective()} { ${text} }`;
    const name = `F${fragments.size}`;
    fragments.set(name, { on: type.name, text });
    return `...${name}`;
  };
  const writeSelections = (type: GraphQLCompositeType, depth: number): string => {
    if (isUnionType(type))
      return `__typename ${type
        .getTypes()
        .map((each) => `... on ${each.name} ${writeSet(each, depth)}`)
        .join(' ')}`;
    const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
    const isDeep = depth >= MAX_DEPTH || fieldCount > MAX_FIELDS;
    const known = isDeep ? fields.filter((field) => !isCompositeType(getNamedType(field.type))) : fields;
    if (known.length === 0) return '__typename';
    return choices
      .some(1, depth < 2 ? 2 : 3, () => {
        if (choices.chance(3)) return '__typename';
        if (choices.chance(8) && depth < MAX_DEPTH) return writeFragment(type, depth + 1);
        return writeField(choices.pick(known), depth);
      })
      .join(' ');
  };
  const writeSet = (type: GraphQLCompositeType, depth: number): string => `{ ${writeSelections(type, depth)} }`;

  const set = choices.chance(4) ? makeIntrospection(choices) : writeSet(schema.getQueryType()!, 0);
  const name = choices.chance(40) ? choices.pick(['Costs', 'A', ...UNUSUAL_NAMES]) : undefined;
  const head = declarations.length > 0 ? `(${declarations.join(', ')})` : '';
  const query = [
    name === undefined && head === '' ? set : `query ${name ?? ''}${head} ${set}`,
    ...[...fragments].map(([fragment, { on, text }]) => `fragment ${fragment} on ${on} { ${text} }`),
  ];
  return { query: query.join(' '), variables, name };
}

/** A page is requested with its length, because all rows of all rows take long. */
function isWanted(choices: Choices, { name, type }: GraphQLArgument): boolean {
  if (isNonNullType(type)) return true;
  return choices.chance(name === 'first' ? 85 : name === 'last' || name === 'after' || name === 'before' ? 5 : 40);
}

function makeIntrospection(choices: Choices): string {
  return choices.pick([
    '{ __schema { types { name fields { name type { name ofType { name } } } } } }',
    '{ __type(name: "CostRow") { name fields { name args { defaultValue } } } }',
    '{ _service { sdl } }',
    '{ __schema { directives { name args { name type { kind } } } } }',
  ]);
}
