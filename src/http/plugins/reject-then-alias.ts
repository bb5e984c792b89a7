// A field answered under the name `then`, by an alias, would make an object that looks like a promise: the executor of Yoga
// (isPromise of @whatwg-node/promise-helpers) then fails over it, as a defect of ours. No field of the schema has that name.

import { GraphQLError, type ValidationRule } from 'graphql';

import type { DoorPlugin } from '../request-state.js';

export function useResponseNames(): DoorPlugin {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(NoPromiseLikeNamesRule);
    },
  };
}

const NoPromiseLikeNamesRule: ValidationRule = (context) => ({
  Field({ alias }) {
    if (alias?.value !== 'then') return;
    context.reportError(new GraphQLError('A field cannot be called "then": choose another alias.', { nodes: [alias] }));
  },
});
