// The schema as text, with the directives of Apollo Federation: what a router and a composition read. Written from the
// syntax nodes that the directives plugin of Pothos keeps with each type, since graphql's own printer knows no directives
// and that of @apollo/subgraph drops @oneOf.

import {
  isInputObjectType,
  isIntrospectionType,
  isScalarType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  Kind,
  parse,
  print,
  visit,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type ObjectTypeDefinitionNode,
  type TypeDefinitionNode,
} from 'graphql';

/** The newest version of the specification that all compositions and routers of our tests take. */
const FEDERATION_URL = 'https://specs.apollo.dev/federation/v2.12';

/** Some compositions know one of these and some another; where they are defined, all take the schema. */
const DEFINED_HERE = `
  directive @oneOf on INPUT_OBJECT
  directive @cacheTag(format: String!) repeatable on OBJECT | FIELD_DEFINITION
`;

/** Directives that the router shall enforce, as text, by the type that they are put on. */
export type AccessDirectives = Readonly<Record<string, string>>;

export function printSdl(schema: GraphQLSchema, access: AccessDirectives = {}): string {
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .map((type) => addDirectives(nodeOf(type), `${ownDirectives(type)} ${access[type.name] ?? ''}`))
    .map(tagAsPublic);
  const used = findDirectives(types);
  const definitions: DefinitionNode[] = [createSchemaNode(schema, used), ...parse(DEFINED_HERE).definitions, ...types];
  return `${print(withBlocks({ kind: Kind.DOCUMENT, definitions }))}\n`;
}

function nodeOf({ name, astNode }: GraphQLNamedType): TypeDefinitionNode {
  if (astNode == null)
    throw new Error(`${name} has no syntax node: the schema was built without the directives plugin`);
  return astNode;
}

function createSchemaNode({ description }: GraphQLSchema, directives: readonly string[]): DefinitionNode {
  const imports = directives.map((name) => `"@${name}"`).join(', ');
  const [node] = parse(`schema @link(url: "${FEDERATION_URL}", import: [${imports}]) { query: Query }`).definitions;
  return { ...node, ...(description && { description: { kind: Kind.STRING, value: description } }) } as DefinitionNode;
}

/** The names of the directives in use that graphql does not have itself, in order. */
function findDirectives(definitions: readonly DefinitionNode[]): string[] {
  const names = new Set<string>();
  visit({ kind: Kind.DOCUMENT, definitions }, { Directive: ({ name }) => void names.add(name.value) });
  return [...names].filter((name) => !isSpecifiedDirective({ name } as never)).sort();
}

/** What graphql keeps as a property of the type, and the plugin's nodes therefore lack. */
function ownDirectives(type: GraphQLNamedType): string {
  if (isInputObjectType(type) && type.isOneOf) return '@oneOf';
  return isScalarType(type) && type.specifiedByURL != null ? `@specifiedBy(url: "${type.specifiedByURL}")` : '';
}

function addDirectives<Node extends TypeDefinitionNode | FieldDefinitionNode>(node: Node, text: string): Node {
  const [{ directives }] = parse(`type T ${text}`).definitions as unknown as [ObjectTypeDefinitionNode];
  return { ...node, directives: [...(node.directives ?? []), ...(directives ?? [])] };
}

const PUBLIC = '@tag(name: "public")';

/**
 * For contracts: all that is not marked as internal is public. A tag on a type goes for what other subgraphs add to it,
 * too; so where they do, the tag is on each field of ours.
 */
function tagAsPublic(type: TypeDefinitionNode): TypeDefinitionNode {
  if (type.kind !== Kind.OBJECT_TYPE_DEFINITION) return type;
  const isShared = type.name.value === 'Query' || hasDirective(type, 'key') || hasDirective(type, 'shareable');
  if (!isShared) return addDirectives(type, PUBLIC);
  return { ...type, fields: (type.fields ?? []).map((field) => addDirectives(field, PUBLIC)) };
}

function hasDirective({ directives }: TypeDefinitionNode, name: string): boolean {
  return directives?.some((directive) => directive.name.value === name) === true;
}

/** Descriptions as people write them, not as one quoted line each. */
function withBlocks(document: DocumentNode): DocumentNode {
  return visit(document, {
    StringValue: (node, key) => (key === 'description' ? { ...node, block: true } : undefined),
  });
}
