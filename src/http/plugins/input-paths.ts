// Names the place of a refused literal in the error message: `filter.timeRange.last: …`. The place of a variable's value is
// in graphql-js' own message.

import { GraphQLError, type DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';

import { findInputPath } from '../response/input-path.js';

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
  const path = error.extensions.code === 'BAD_USER_INPUT' && node !== undefined ? findInputPath(document, node) : '';
  if (path === '') return error;
  return new GraphQLError(`${path}: ${error.message}`, { nodes: error.nodes ?? null, extensions: error.extensions });
}
