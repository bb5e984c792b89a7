// Prints the schema with the directives of Apollo Federation, for routers and composition. It prints the syntax nodes that
// Pothos' directives plugin attaches to types: graphql's printer omits directives, and that of @apollo/subgraph omits @oneOf.

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

/** The oldest version of the specification with @cacheTag, and the oldest with all other directives in use. */
const FEDERATION_2_12 = 'https://specs.apollo.dev/federation/v2.12';
const WITHOUT_CACHE_TAGS = 'https://specs.apollo.dev/federation/v2.9';

// Apollo's composition lacks @oneOf, and WunderGraph's lacks @cacheTag. With these definitions, both accept the schema.
const ONE_OF = 'directive @oneOf on INPUT_OBJECT';
const CACHE_TAG = 'directive @cacheTag(format: String!) repeatable on OBJECT | FIELD_DEFINITION';

export interface SdlOptions {
  /** Directives that the router enforces, in SDL, by type name. */
  readonly access?: Readonly<Record<string, string>>;
  /** Whether to print @cacheTag, which names responses in a router's cache. */
  readonly cacheTags?: boolean;
}

export function printSdl(schema: GraphQLSchema, { access = {}, cacheTags = false }: SdlOptions = {}): string {
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .map((type) => addDirectives(nodeOf(type), `${builtInDirectives(type)} ${access[type.name] ?? ''}`))
    .map((type) => addPublicTag(cacheTags ? type : withoutCacheTags(type)));
  const url = cacheTags ? FEDERATION_2_12 : WITHOUT_CACHE_TAGS;
  const imports = findDirectives(types).map((name) => `"@${name}"`);
  // Without the schema's description, which some composers cannot parse.
  const head = `schema @link(url: "${url}", import: [${imports.join(', ')}]) { query: Query } ${ONE_OF}`;
  const { definitions } = parse(cacheTags ? `${head} ${CACHE_TAG}` : head);
  return `${print(asBlockStrings({ kind: Kind.DOCUMENT, definitions: [...definitions, ...types] }))}\n`;
}

function nodeOf({ name, astNode }: GraphQLNamedType): TypeDefinitionNode {
  if (astNode != null) return astNode;
  throw new Error(`${name} has no syntax node: the schema was built without the directives plugin`);
}

/** The sorted names of the directives in use that graphql-js does not define. */
function findDirectives(definitions: readonly DefinitionNode[]): string[] {
  const names = new Set<string>();
  visit({ kind: Kind.DOCUMENT, definitions }, { Directive: ({ name }) => void names.add(name.value) });
  return [...names].filter((name) => !isSpecifiedDirective({ name } as never)).sort();
}

/** The directives that graphql-js turns into properties of the type, so that the plugin's nodes lack them. */
function builtInDirectives(type: GraphQLNamedType): string {
  if (isInputObjectType(type) && type.isOneOf) return '@oneOf';
  return isScalarType(type) && type.specifiedByURL != null ? `@specifiedBy(url: "${type.specifiedByURL}")` : '';
}

const PUBLIC = '@tag(name: "public")';

/**
 * For federation contracts: everything is public that is not tagged as internal. A tag on a type also applies to fields that
 * other subgraphs add, so in shared types each field has the tag.
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
  // null removes a node.
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

/** Prints descriptions as block strings. */
function asBlockStrings(document: DocumentNode): DocumentNode {
  return visit(document, {
    StringValue: (node, key) => (key === 'description' ? { ...node, block: true } : undefined),
  });
}
