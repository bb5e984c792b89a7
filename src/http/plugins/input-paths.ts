// Names the place of a refused literal in the error message: `filter.timeRange.last: …`. The place of a variable's value is
// in graphql-js' own message.

import { BREAK, GraphQLError, Kind, visit } from 'graphql';
import type { ArgumentNode, ASTNode, DocumentNode, ObjectFieldNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** What graphql-js says of a literal for a scalar or an enum of its own: it names only the type. */
const LEAF_ERROR = /^(?:\w+ cannot represent |Enum "\w+" cannot represent |Value ".*" does not exist in "\w+" enum)/s;

export function useInputPaths(): Plugin {
  return {
    onValidate({ params }) {
      return ({ valid, result, setResult }) => {
        const document = params.documentAST as DocumentNode;
        if (!valid) setResult(result.map((error) => nameInput(error as GraphQLError, document)));
      };
    },
  };
}

function nameInput(error: GraphQLError, document: DocumentNode): GraphQLError {
  const node = error.nodes?.[0];
  const isNamed = error.extensions.code !== 'BAD_USER_INPUT' && !LEAF_ERROR.test(error.message);
  const path = isNamed || node === undefined ? '' : findInputPath(document, node);
  if (path === '') return error;
  return new GraphQLError(`${path}: ${error.message}`, { nodes: error.nodes ?? null, extensions: error.extensions });
}

/** The path of arguments and input fields that leads to `target`, `filter.timeRange.last`; empty when it is in none. */
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
