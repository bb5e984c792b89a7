// Compiles the selection of rows for writing them straight from their report. That works for fields of the row itself;
// selections that lead to other reports are resolved field by field.

import {
  assertObjectType,
  getArgumentValues,
  Kind,
  type FieldNode,
  type GraphQLResolveInfo,
  type SelectionSetNode,
} from 'graphql';

import { collectFields, createInclusionTest, type MergedNodes } from '../../execution/collect-fields.js';
import { NAME_FIELDS, NUMBER_FIELDS, type NameField, type NumberField } from '../../report/columns/columns.js';
import type { LabelMember, OriginField, RowMember } from '../../report/write/row-members.js';
import { isLabelKey } from '../../report/columns/label-key.js';

type Info = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'schema' | 'variableValues'>;

const LEAVES: ReadonlySet<string> = new Set([
  ...NAME_FIELDS,
  ...NUMBER_FIELDS,
  'id',
  'scaleOpsId',
  'share',
  'services',
]);
const LABELS: ReadonlySet<string> = new Set(['labels', 'annotations', 'ownerLabels']);

const ORIGINS: ReadonlySet<string> = new Set<OriginField>(['asOf', 'isStale']);

/** The entities of a row by field, with the columns of the row that their fields are. */
const ENTITIES: Readonly<
  Record<string, { readonly type: string; readonly names: Readonly<Record<string, NameField>> }>
> = {
  kubernetesCluster: { type: 'KubernetesCluster', names: { name: 'clusterName' } },
  kubernetesNamespace: { type: 'KubernetesNamespace', names: { clusterName: 'clusterName', name: 'namespace' } },
  kubernetesWorkload: {
    type: 'KubernetesWorkload',
    names: { clusterName: 'clusterName', namespace: 'namespace', type: 'workloadType', name: 'workloadName' },
  },
};

/** The members of a row's JSON for a field that returns rows; undefined when a resolver is needed. */
export const compileRowSelection = memoizeSelection((info: Info): readonly RowMember[] | undefined => {
  return readAll('CostRow', info, (name, nodes) => toRowMember(name, nodes, info));
});

/** The same for a field that returns edges. */
export const compileEdgeSelection = memoizeSelection((info: Info): readonly RowMember[] | undefined => {
  return readAll('CostRowEdge', info, (name, nodes): RowMember | undefined => {
    if (nodes[0].name.value === 'cursor') return { name, kind: 'cursor' };
    const members = compileRowSelection({ ...info, fieldNodes: nodes });
    return members && { name, kind: 'object', needs: [], members };
  });
});

/** Members depend on variables through directives and arguments. Without any, they are compiled once per document. */
function memoizeSelection(read: (info: Info) => readonly RowMember[] | undefined): typeof read {
  const known = new WeakMap<FieldNode, { readonly members: readonly RowMember[] | undefined }>();
  return (info) => {
    const [node, ...others] = info.fieldNodes;
    if (node === undefined || others.length > 0) return read(info);
    let found = known.get(node);
    if (found !== undefined) return found.members;
    found = { members: read(info) };
    if (!usesVariables(node, info)) known.set(node, found);
    return found.members;
  };
}

function usesVariables(node: FieldNode, { fragments }: Pick<Info, 'fragments'>): boolean {
  const visited = new Set<string>();
  const isAmong = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((selection) => {
      if (selection.directives?.length) return true;
      if (selection.kind === Kind.FIELD && selection.arguments?.some(({ value }) => value.kind === Kind.VARIABLE)) {
        return true;
      }
      if (selection.kind !== Kind.FRAGMENT_SPREAD) return isAmong(selection.selectionSet);
      const { value } = selection.name;
      if (visited.has(value)) return false;
      visited.add(value);
      return isAmong(fragments[value]?.selectionSet);
    }) ?? false;
  return isAmong(node.selectionSet);
}

function toRowMember(name: string, nodes: MergedNodes, info: Info): RowMember | undefined {
  const field = nodes[0].name.value;
  const below = { ...info, fieldNodes: nodes };
  if (LEAVES.has(field)) return { name, kind: 'field', field: field as NameField | NumberField };
  if (LABELS.has(field)) {
    const members = readAll('CostLabel', below, (member, [{ name: of }]): LabelMember => {
      return { name: member, kind: of.value as 'key' | 'value' };
    });
    return members && { name, kind: 'labels', field: field as 'labels', members };
  }
  if (field === 'label' || field === 'annotation') return toLabelMember(name, nodes, info);
  if (ORIGINS.has(field)) return { name, kind: 'origin', field: field as OriginField };
  if (field === 'window') {
    const members = readAll('CostWindow', below, (member, [{ name: of }]): RowMember => {
      return { name: member, kind: 'origin', field: of.value as OriginField };
    });
    return members && { name, kind: 'object', needs: [], members };
  }
  const entity = Object.hasOwn(ENTITIES, field) ? ENTITIES[field] : undefined;
  if (entity === undefined) return undefined;
  const key = Object.values(entity.names);
  const members = readAll(entity.type, below, (member, [{ name: of }]): RowMember | undefined => {
    if (of.value === 'id') return { name: member, kind: 'entityId', type: entity.type, key };
    const own = Object.hasOwn(entity.names, of.value) ? entity.names[of.value] : undefined;
    return own && { name: member, kind: 'field', field: own };
  });
  return members && { name, kind: 'object', needs: key, members };
}

/** Undefined for a key that the resolver refuses. */
function toLabelMember(name: string, [node]: MergedNodes, { schema, variableValues }: Info): RowMember | undefined {
  const field = assertObjectType(schema.getType('CostRow')).getFields()[node.name.value];
  const { key } = field === undefined ? {} : getArgumentValues(field, node, variableValues);
  if (typeof key !== 'string' || !isLabelKey(key)) return undefined;
  return { name, kind: 'label', dimension: node.name.value === 'label' ? { label: key } : { annotation: key } };
}

/** Each field below by `read`, `__typename` as what it is; undefined where one is. */
function readAll<Member extends { readonly name: string }>(
  type: string,
  info: Info,
  read: (name: string, nodes: MergedNodes) => Member | undefined,
): readonly (Member | { readonly name: string; readonly kind: 'constant'; readonly json: string })[] | undefined {
  const { schema, fragments, variableValues } = info;
  const context = { schema, fragments, isIncluded: createInclusionTest(variableValues) };
  const sets = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const fields = collectFields(context, assertObjectType(schema.getType(type)), sets);
  const members = [];
  for (const [name, nodes] of fields) {
    const isTypeName = nodes[0].name.value === '__typename';
    const member = isTypeName ? { name, kind: 'constant' as const, json: JSON.stringify(type) } : read(name, nodes);
    if (member === undefined) return undefined;
    members.push(member);
  }
  return members;
}
