// The times of an operation's fields as a tree, in the form that Apollo's routers collect (`ftv1`): a node for each field
// and each item of a list, with offsets in nanoseconds from the start of the operation.
// https://www.apollographql.com/docs/graphos/reference/federation/subgraph-spec#ftv1-traces (reports.proto, `Trace`)

import { Trace } from '@apollo/usage-reporting-protobuf';
import type { GraphQLError, GraphQLResolveInfo } from 'graphql';

import type { Clock } from '../../clock.js';

type Path = GraphQLResolveInfo['path'];

/** A trace takes several times as long as its answer, and memory for each field: nobody reads a larger one. */
const MAX_NODES = 100_000;
const nothing = (): void => undefined;

export function createTraceTree(clock: Clock) {
  const startedAt = clock.now();
  const startedAtPrecisely = performance.now();
  const offset = (): number => Math.round((performance.now() - startedAtPrecisely) * 1_000_000);
  const root = new Trace.Node();
  // graphql makes one path object for each item of a list, and hands it to all of the item's fields.
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
    /** Notes that a field begins. The function it returns is to be called when the field has its value. */
    begin({ path, fieldName, returnType, parentType }: GraphQLResolveInfo): () => void {
      if (isTooLarge) return nothing;
      if (nodes.size >= MAX_NODES) {
        isTooLarge = true;
        for (const each of [nodes, pending]) each.clear();
        root.child = [];
        return nothing;
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
    /**
     * The whole trace in base64; errors stand with the fields that they are about, as the client is told of them. Undefined
     * where there were too many fields for one.
     */
    encode(errors: readonly GraphQLError[]): string | undefined {
      if (isTooLarge) return undefined;
      // Beside a field that took its parent with it, others may still be under way.
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

/** The node of the field at `path`, or of the nearest field around it that was begun. */
function findNode(root: Trace.INode, path: readonly (string | number)[] = []): Trace.INode {
  let node = root;
  for (const key of path) {
    const isIt = (each: Trace.INode | undefined): boolean =>
      typeof key === 'number' ? each?.index === key : each?.responseName === key;
    // Items mostly stand at their index: a search for each of many errors would take long.
    const likely = node.child?.[Number(key)];
    const child = isIt(likely) ? likely : node.child?.find(isIt);
    if (child === undefined) return node;
    node = child;
  }
  return node;
}

function toTimestamp(epochMs: number) {
  return { seconds: Math.floor(epochMs / 1000), nanos: (epochMs % 1000) * 1_000_000 };
}
