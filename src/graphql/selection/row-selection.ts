// Compiles the selection of rows for writing them straight from their report. A selection that leads to other reports is
// resolved field by field instead.

import {
  assertObjectType,
  getArgumentValues,
  Kind,
  type FieldNode,
  type GraphQLResolveInfo,
  type SelectionSetNode,
} from 'graphql';

import { collectFields, createInclusionTest, type MergedNodes } from '../../execution/collect-fields.js';
import {
  LABEL_FIELDS,
  NAME_FIELDS,
  NUMBER_FIELDS,
  type LabelField,
  type NameField,
  type NumberField,
} from '../../report/columns/columns.js';
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
const LABELS: ReadonlySet<string> = new Set(LABEL_FIELDS);

/** The columns of a row that the fields of an entity return. */
type EntityColumns = Readonly<Record<string, NameField>>;

/** The entities of a row, by the field that returns them. */
const ENTITIES: ReadonlyMap<string, readonly [type: string, EntityColumns]> = new Map([
  ['kubernetesCluster', ['KubernetesCluster', { name: 'clusterName' }]],
  ['kubernetesNamespace', ['KubernetesNamespace', { clusterName: 'clusterName', name: 'namespace' }]],
  [
    'kubernetesWorkload',
    [
      'KubernetesWorkload',
      { clusterName: 'clusterName', namespace: 'namespace', type: 'workloadType', name: 'workloadName' },
    ],
  ],
]);

/** The members of a row's JSON for a field that returns rows; undefined when a resolver is needed. */
export const compileRowSelection = memoizeSelection((info) =>
  compileFields('CostRow', info, (name, nodes) => toRowMember(name, nodes, info)),
);

/** The same for a field that returns edges. */
export const compileEdgeSelection = memoizeSelection((info) =>
  compileFields('CostRowEdge', info, (name, nodes): RowMember | undefined => {
    if (nodes[0].name.value === 'cursor') return { name, kind: 'cursor' };
    const members = compileRowSelection({ ...info, fieldNodes: nodes });
    return members && { name, kind: 'object', requires: [], members };
  }),
);

type Compile = (info: Info) => readonly RowMember[] | undefined;

/** Members depend on variables through directives and arguments. Without any, they are compiled once per document. */
function memoizeSelection(compile: Compile): Compile {
  const cache = new WeakMap<FieldNode, ReturnType<Compile>>();
  return (info) => {
    const [node, ...others] = info.fieldNodes;
    if (node === undefined || others.length > 0) return compile(info);
    if (cache.has(node)) return cache.get(node);
    const members = compile(info);
    if (!usesVariables(node, info)) cache.set(node, members);
    return members;
  };
}

function usesVariables(node: FieldNode, { fragments }: Info): boolean {
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
    const members = compileFields('CostLabel', below, (member, [node]): LabelMember => {
      return { name: member, kind: node.name.value as 'key' | 'value' };
    });
    return members && { name, kind: 'labels', field: field as LabelField, members };
  }
  if (field === 'label' || field === 'annotation') return toLabelMember(name, nodes, info);
  if (field === 'asOf' || field === 'isStale') return { name, kind: 'origin', field };
  if (field === 'window') {
    const members = compileFields('CostWindow', below, (member, [node]): RowMember => {
      return { name: member, kind: 'origin', field: node.name.value as OriginField };
    });
    return members && { name, kind: 'object', requires: [], members };
  }
  const [type, columns] = ENTITIES.get(field) ?? [];
  if (type === undefined || columns === undefined) return undefined;
  const key = Object.values(columns);
  const members = compileFields(type, below, (member, [node]): RowMember | undefined => {
    if (node.name.value === 'id') return { name: member, kind: 'entityId', type, key };
    const column = columns[node.name.value];
    return column && { name: member, kind: 'field', field: column };
  });
  return members && { name, kind: 'object', requires: key, members };
}

/** Undefined for an invalid key, which the resolver refuses. */
function toLabelMember(name: string, [node]: MergedNodes, { schema, variableValues }: Info): RowMember | undefined {
  const field = assertObjectType(schema.getType('CostRow')).getFields()[node.name.value];
  const { key } = field === undefined ? {} : getArgumentValues(field, node, variableValues);
  if (typeof key !== 'string' || !isLabelKey(key)) return undefined;
  return { name, kind: 'label', dimension: node.name.value === 'label' ? { label: key } : { annotation: key } };
}

/** Compiles the fields of an object, and `__typename` to a constant. Undefined when a field cannot be compiled. */
function compileFields<Member extends { readonly name: string }>(
  type: string,
  info: Info,
  compile: (name: string, nodes: MergedNodes) => Member | undefined,
): readonly (Member | { readonly name: string; readonly kind: 'constant'; readonly json: string })[] | undefined {
  const { schema, fragments, variableValues } = info;
  const context = { schema, fragments, isIncluded: createInclusionTest(variableValues) };
  const sets = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const fields = collectFields(context, assertObjectType(schema.getType(type)), sets);
  const members = [];
  for (const [name, nodes] of fields) {
    const isTypeName = nodes[0].name.value === '__typename';
    const member = isTypeName ? { name, kind: 'constant' as const, json: JSON.stringify(type) } : compile(name, nodes);
    if (member === undefined) return undefined;
    members.push(member);
  }
  return members;
}
