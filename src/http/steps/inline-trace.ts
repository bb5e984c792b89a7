// Inline traces for routers (`extensions.ftv1`): the times of an operation's fields as a tree, with a node for each field and
// each item of a list, and offsets in nanoseconds from the start of the operation.
// https://www.apollographql.com/docs/graphos/reference/federation/subgraph-spec#ftv1-traces (reports.proto, `Trace`)

import { Trace } from '@apollo/usage-reporting-protobuf';
import { isIntrospectionType, type ExecutionResult, type GraphQLError, type GraphQLResolveInfo } from 'graphql';

import type { HeadersByName } from '../../auth/authentication.js';
import type { Clock } from '../../clock.js';

type Path = GraphQLResolveInfo['path'];

export interface FieldTrace {
  /** Called when a field starts; returns the function to call when the field has its value or its error. */
  readonly onField: (info: GraphQLResolveInfo) => () => void;
  /** The result with the trace; without it when nothing was executed or there were too many fields. */
  addTo(result: ExecutionResult): ExecutionResult;
}

/** Starts a trace; undefined unless the client asks for one. */
export type StartInlineTrace = (headers: HeadersByName) => FieldTrace | undefined;

export function createInlineTrace(clock: Clock): StartInlineTrace {
  return (headers) => {
    if (headers.get('apollo-federation-include-trace') !== 'ftv1') return undefined;
    const tree = createTraceTree(clock);
    return {
      // Introspection fields are not timed.
      onField: (info) => (isIntrospection(info) ? noop : tree.startField(info)),
      addTo(result) {
        const ftv1 = result.data === undefined ? undefined : tree.encode(result.errors ?? []);
        return ftv1 === undefined ? result : { ...result, extensions: { ...result.extensions, ftv1 } };
      },
    };
  };
}

const noop = (): void => undefined;

function isIntrospection({ fieldName, parentType }: GraphQLResolveInfo): boolean {
  return fieldName.startsWith('__') || isIntrospectionType(parentType);
}

/** A trace takes several times as long as its response, and memory for each field. */
const MAX_NODES = 100_000;

function createTraceTree(clock: Clock) {
  const startedAt = clock.now();
  const startedAtPrecisely = performance.now();
  const offset = (): number => Math.round((performance.now() - startedAtPrecisely) * 1_000_000);
  const root = new Trace.Node();
  // The executor creates one path object for each item of a list, which all fields of the item share.
  const nodes = new Map<Path, Trace.Node>();
  const pending = new Set<Trace.Node>();
  let isTooLarge = false;

  const nodeAt = (path: Path | undefined): Trace.Node => {
    if (path === undefined) return root;
    let node = nodes.get(path);
    if (node === undefined) {
      node = new Trace.Node(typeof path.key === 'number' ? { index: path.key } : { responseName: path.key });
      nodes.set(path, node);
      nodeAt(path.prev).child.push(node);
    }
    return node;
  };

  return {
    startField({ path, fieldName, returnType, parentType }: GraphQLResolveInfo): () => void {
      if (isTooLarge) return noop;
      if (nodes.size >= MAX_NODES) {
        isTooLarge = true;
        for (const each of [nodes, pending]) each.clear();
        root.child = [];
        return noop;
      }
      const node = nodeAt(path);
      if (path.key !== fieldName) node.originalFieldName = fieldName;
      node.type = String(returnType);
      node.parentType = parentType.name;
      node.startTime = offset();
      pending.add(node);
      return () => {
        node.endTime = offset();
        pending.delete(node);
      };
    },
    /** The trace in base64, with the errors of the response at their fields; undefined if it has too many fields. */
    encode(errors: readonly GraphQLError[]): string | undefined {
      if (isTooLarge) return undefined;
      // After an error set their parent to null, other fields may still be pending.
      for (const node of pending) node.endTime = offset();
      addErrors(root, errors);
      const times = { startTime: toTimestamp(startedAt), endTime: toTimestamp(clock.now()), durationNs: offset() };
      const trace = new Trace({ root, fieldExecutionWeight: 1, ...times });
      return Buffer.from(Trace.encode(trace).finish()).toString('base64');
    },
  };
}

function addErrors(root: Trace.INode, errors: readonly GraphQLError[]): void {
  for (const error of errors) {
    const { message, locations = [] } = error;
    const at = locations.map(({ line, column }) => new Trace.Location({ line, column }));
    const node = findNode(root, error.path);
    (node.error ??= []).push(new Trace.Error({ message, location: at, json: JSON.stringify(error.toJSON()) }));
  }
}

/** The node of the field at `path`, or of its nearest ancestor that was started. */
function findNode(root: Trace.INode, path: readonly (string | number)[] = []): Trace.INode {
  let node = root;
  for (const key of path) {
    const matches = (each: Trace.INode | undefined): boolean =>
      typeof key === 'number' ? each?.index === key : each?.responseName === key;
    // Most items are at their index, so that many errors need no search each.
    const likely = node.child?.[Number(key)];
    const child = matches(likely) ? likely : node.child?.find(matches);
    if (child === undefined) return node;
    node = child;
  }
  return node;
}

function toTimestamp(epochMs: number) {
  return { seconds: Math.floor(epochMs / 1000), nanos: (epochMs % 1000) * 1_000_000 };
}
