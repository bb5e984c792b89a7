// What the door has found out and need not find out again: documents that are valid and within all limits, and the media
// type of an answer for what a client says that it accepts.

import { OperationTypeNode, getOperationAST, type DocumentNode, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';

import type { OperationFacts } from '../plugins/instrumentation.js';
import type { DoorPlugin } from '../request-state.js';

/** An operation that can be executed as it is. */
export interface Question {
  readonly document: DocumentNode;
  readonly operation: NonNullable<ReturnType<typeof getOperationAST>>;
  readonly facts: OperationFacts;
  /** As they came: whether they fit the operation is found out by executing it. */
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface Learned {
  /** The media type of answers to who sends this `Accept`. */
  typeFor(accept: string | null): string | undefined;
  /** What the body of a POST asks, where all of it is known to be good. */
  read(body: Buffer): Question | undefined;
  readonly plugin: DoorPlugin;
}

/** Clients have few ways to say what they accept, and whoever makes up others pushes out no more than these. */
const MAX_TYPES = 64;
const MAX_ACCEPT_LENGTH = 256;
const PARAMETERS: readonly string[] = ['query', 'variables', 'operationName'];

export function createLearned(
  schema: GraphQLSchema,
  findDocument: (text: string) => DocumentNode | undefined,
): Learned {
  const types = new LRUCache<string, string>({ max: MAX_TYPES });
  const good = new WeakSet<DocumentNode>();
  return {
    typeFor: (accept) => types.get(accept ?? ''),
    read(body) {
      const { query, variables = null, operationName = null } = parseParameters(body) ?? {};
      if (typeof query !== 'string' || !isObjectOrNull(variables)) return undefined;
      if (operationName !== null && typeof operationName !== 'string') return undefined;
      const document = findDocument(query);
      if (document === undefined || !good.has(document)) return undefined;
      const operation = getOperationAST(document, operationName);
      if (operation?.operation !== OperationTypeNode.QUERY) return undefined;
      const facts = { name: operation.name?.value ?? null, type: operation.operation };
      return { document, operation, facts, variables: variables ?? {} };
    },
    plugin: {
      // Whatever may turn an operation away has let it pass.
      onExecute({ args }) {
        const { schema: own, document } = args as ExecutionArgs;
        if (own === schema) good.add(document);
      },
      onResponse({ request, response, serverContext: { state } }) {
        const accept = request.headers.get('accept') ?? '';
        const type = response.headers.get('content-type');
        const isUsual = response.status === 200 && state.operation !== undefined && state.errors === undefined;
        if (request.method !== 'POST' || !isUsual || type === null || accept.length > MAX_ACCEPT_LENGTH) return;
        types.set(accept, type);
      },
    },
  };
}

function parseParameters(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    const isPlain = isObjectOrNull(parsed) && Object.keys(parsed ?? {}).every((name) => PARAMETERS.includes(name));
    return isPlain ? (parsed ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

function isObjectOrNull(value: unknown): value is Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && !Array.isArray(value);
}
