// Tells a router how long each field took (`extensions.ftv1`), when the router asks for it in a header. Such operations
// run on a schema of their own: to note times around every field would cost all others more than anything else here.

import type { ExecutionResult, GraphQLSchema } from 'graphql';

import type { DoorContext, DoorPlugin } from '../../request-state.js';
import type { TraceTree } from './trace-tree.js';

export interface InlineTraceOptions {
  /** A schema that nobody else holds. */
  readonly createSchema: () => GraphQLSchema;
  readonly now: () => number;
}

/** After the plugin that formats errors: a trace holds what the client is told, and nothing else. */
export function useInlineTrace({ createSchema, now }: InlineTraceOptions): DoorPlugin {
  const trees = new WeakMap<object, TraceTree>();
  // Made when the first router asks.
  let traced: ReturnType<typeof createTracing> | undefined;
  const createTracing = async () => {
    const { createTraceTree, traceResolvers } = await import('./trace-tree.js');
    const schema = createSchema();
    traceResolvers(schema, (context) => trees.get((context as DoorContext).state));
    return { schema, createTraceTree };
  };
  return {
    async onExecute({ args }) {
      const { request, state } = args.contextValue as unknown as DoorContext & { readonly request: Request };
      if (request.headers.get('apollo-federation-include-trace') !== 'ftv1') return;
      const { schema, createTraceTree } = await (traced ??= createTracing());
      trees.set(
        state,
        createTraceTree(now, () => performance.now()),
      );
      args.schema = schema;
    },
    onResultProcess({ request, result, setResult, serverContext }) {
      const tree = trees.get(serverContext.state);
      const answer = result as ExecutionResult;
      // Nothing was executed where there is no data. Nobody reads the answer to a client that has left, and its errors are
      // not put into our form.
      if (tree === undefined || answer.data === undefined || request.signal.aborted) return;
      const ftv1 = tree.encode(answer.errors ?? []);
      if (ftv1 === undefined) return;
      setResult({ ...answer, extensions: { ...answer.extensions, ftv1 } });
    },
    onResponse({ response, serverContext }) {
      if (!trees.has(serverContext.state)) return;
      // The trace is of this one time, and for who asked.
      response.headers.set('cache-control', 'no-store');
    },
  };
}
