// Tells a router how long each field took (`extensions.ftv1`), when the router asks for it in a header. Not with
// @graphql-yoga/plugin-apollo-inline-trace 3: it turns the whole trace into arguments of one function call, which fails from
// some 120,000 bytes on (1,000 rows of six fields), and bounds neither fields nor memory.

import { isIntrospectionType, type ExecutionResult, type GraphQLResolveInfo } from 'graphql';

import type { HeadersByName } from '../../auth/authentication.js';
import type { Clock } from '../../clock.js';
import { createTraceTree } from '../inline-trace/trace-tree.js';

export interface FieldTrace {
  /** Called when a field begins; the function it returns when the field has its value or its error. */
  readonly onField: (info: GraphQLResolveInfo) => () => void;
  /** The result with the trace; without, where nothing was executed or there were too many fields. */
  addTo(result: ExecutionResult): ExecutionResult;
}

export type InlineTrace = ReturnType<typeof createInlineTrace>;

export function createInlineTrace(clock: Clock) {
  return {
    /** Undefined unless the client asks for a trace. */
    begin(headers: HeadersByName): FieldTrace | undefined {
      if (headers.get('apollo-federation-include-trace') !== 'ftv1') return undefined;
      const tree = createTraceTree(clock);
      return {
        // Introspection is no data, and its fields are not timed.
        onField: (info) => (isIntrospection(info) ? () => undefined : tree.begin(info)),
        addTo(result) {
          const ftv1 = result.data === undefined ? undefined : tree.encode(result.errors ?? []);
          return ftv1 === undefined ? result : { ...result, extensions: { ...result.extensions, ftv1 } };
        },
      };
    },
  };
}

function isIntrospection({ fieldName, parentType }: GraphQLResolveInfo): boolean {
  return fieldName.startsWith('__') || isIntrospectionType(parentType);
}
