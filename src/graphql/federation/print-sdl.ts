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
  type InputValueDefinitionNode,
  type ObjectTypeDefinitionNode,
  type TypeDefinitionNode,
} from 'graphql';

/** The oldest version of the specification that has @cacheTag, and the oldest that has all the others that we use. */
const WITH_CACHE_TAGS = 'https://specs.apollo.dev/federation/v2.12';
const WITHOUT_CACHE_TAGS = 'https://specs.apollo.dev/federation/v2.9';

// Apollo's composition does not know the one and WunderGraph's not the other; where they are defined, both take the schema.
const ONE_OF = 'directive @oneOf on INPUT_OBJECT';
const CACHE_TAG = 'directive @cacheTag(format: String!) repeatable on OBJECT | FIELD_DEFINITION';

export interface SdlOptions {
  /** Directives that the router shall enforce, as text, by the type that they are put on. */
  readonly access?: Readonly<Record<string, string>>;
  /** Whether a router's cache is told what to call answers (@cacheTag). */
  readonly cacheTags?: boolean;
}

export function printSdl(schema: GraphQLSchema, { access = {}, cacheTags = true }: SdlOptions = {}): string {
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .map((type) => addDirectives(nodeOf(type), `${ownDirectives(type)} ${access[type.name] ?? ''}`))
    .map((type) => addPublicTag(cacheTags ? type : withoutCacheTags(type)));
  const url = cacheTags ? WITH_CACHE_TAGS : WITHOUT_CACHE_TAGS;
  const definitions: DefinitionNode[] = [
    createSchemaNode(schema, url, findDirectives(types)),
    ...parse(cacheTags ? `${ONE_OF} ${CACHE_TAG}` : ONE_OF).definitions,
    ...types,
  ];
  return `${print(asBlockStrings({ kind: Kind.DOCUMENT, definitions }))}\n`;
}

function nodeOf({ name, astNode }: GraphQLNamedType): TypeDefinitionNode {
  if (astNode == null)
    throw new Error(`${name} has no syntax node: the schema was built without the directives plugin`);
  return astNode;
}

function createSchemaNode({ description }: GraphQLSchema, url: string, directives: readonly string[]): DefinitionNode {
  const imports = directives.map((name) => `"@${name}"`).join(', ');
  const [node] = parse(`schema @link(url: "${url}", import: [${imports}]) { query: Query }`).definitions;
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

const PUBLIC = '@tag(name: "public")';

/**
 * For contracts: all that is not marked as internal is public. A tag on a type goes for what other subgraphs add to it,
 * too; so where they do, the tag is on each field of ours.
 */
function addPublicTag(type: TypeDefinitionNode): TypeDefinitionNode {
  const tag = <Node extends DirectedNode>(node: Node): Node =>
    hasDirective(node, 'tag') ? node : addDirectives(node, PUBLIC);
  if (type.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) return { ...type, fields: (type.fields ?? []).map(tag) };
  if (type.kind !== Kind.OBJECT_TYPE_DEFINITION) return tag(type);
  const isShared = type.name.value === 'Query' || hasDirective(type, 'key') || hasDirective(type, 'shareable');
  return isShared ? { ...type, fields: (type.fields ?? []).map(tag) } : tag(type);
}

function withoutCacheTags(type: TypeDefinitionNode): TypeDefinitionNode {
  // null takes a node away.
  return visit(type, { Directive: ({ name }) => (name.value === 'cacheTag' ? null : undefined) });
}

type DirectedNode = TypeDefinitionNode | FieldDefinitionNode | InputValueDefinitionNode;

function hasDirective({ directives }: DirectedNode, name: string): boolean {
  return directives?.some((directive) => directive.name.value === name) === true;
}

function addDirectives<Node extends DirectedNode>(node: Node, text: string): Node {
  const [{ directives }] = parse(`type T ${text}`).definitions as unknown as [ObjectTypeDefinitionNode];
  return { ...node, directives: [...(node.directives ?? []), ...(directives ?? [])] };
}

/** Descriptions as people write them, not as one quoted line each. */
function asBlockStrings(document: DocumentNode): DocumentNode {
  return visit(document, {
    StringValue: (node, key) => (key === 'description' ? { ...node, block: true } : undefined),
  });
}
