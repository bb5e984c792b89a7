// Adds the path of an invalid literal to its error message: `filter.timeRange.last: …`. For a variable, graphql-js' own
// message has the path.

import { BREAK, GraphQLError, Kind, visit } from 'graphql';
import type { ArgumentNode, ASTNode, DocumentNode, ObjectFieldNode } from 'graphql';

/** Messages of graphql-js about a literal of a scalar or an enum, which name only the type. */
const LEAF_ERROR = /^(?:\w+ cannot represent |Enum "\w+" cannot represent |Value ".*" does not exist in "\w+" enum)/s;

/** The error with the path of its input, unless it is about something else. */
export function addInputPath(error: GraphQLError, document: DocumentNode): GraphQLError {
  const node = error.nodes?.[0];
  const isAboutLiteral = error.extensions.code === 'BAD_USER_INPUT' || LEAF_ERROR.test(error.message);
  const path = isAboutLiteral && node !== undefined ? findInputPath(document, node) : '';
  if (path === '') return error;
  return new GraphQLError(`${path}: ${error.message}`, { nodes: error.nodes ?? null, extensions: error.extensions });
}

/** The path of arguments and input fields to `target`, such as `filter.timeRange.last`; empty when it is in none. */
function findInputPath(document: DocumentNode, target: ASTNode): string {
  let steps: readonly (string | number)[] = [];
  visit(document, {
    enter(node, _key, _parent, path) {
      if (node !== target) return undefined;
      steps = [...path];
      return BREAK;
    },
  });
  let text = '';
  let branch: unknown = document;
  for (const [at, step] of steps.entries()) {
    // The items of a list.
    if (steps[at - 1] === 'values') text += `[${step}]`;
    branch = (branch as Readonly<Record<string | number, unknown>>)[step];
    const { kind, name } = branch as Partial<ArgumentNode | ObjectFieldNode>;
    if (kind === Kind.ARGUMENT) text = name?.value ?? '';
    if (kind === Kind.OBJECT_FIELD) text += `.${name?.value ?? ''}`;
  }
  return text;
}
