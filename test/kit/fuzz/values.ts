// Random values: valid ones for an input type of a schema, as GraphQL and as JSON, and invalid texts of both kinds. Valid
// values are mostly plausible, so that many operations reach a report.

import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
} from 'graphql';

import type { Choices } from './choices.js';

const CLUSTERS = ['prod-us-east-1', 'staging-us-east-1', 'PROD-US-EAST-1', 'nowhere'];
const NAMESPACES = ['payments', 'search', 'kube-system', 'none'];
const TYPES = ['Deployment', 'StatefulSet', 'Job'];
/** Names that a caller may use for anything, and names of inherited object properties. */
export const UNUSUAL_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON'];
const UNUSUAL_TEXTS = [
  '',
  ' ',
  'a\r\nx-evil: 1',
  '../../..',
  'a,b=c',
  '😀',
  '\u0000',
  '\'"\\',
  '\ud83d',
  'x'.repeat(300),
];

/** By the name of the argument or input field. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  clusterName: CLUSTERS,
  clusterNames: CLUSTERS,
  clusters: CLUSTERS,
  namespace: NAMESPACES,
  namespaces: NAMESPACES,
  name: [...CLUSTERS, ...NAMESPACES],
  names: [...CLUSTERS, ...NAMESPACES, ...TYPES],
  type: TYPES,
  workloadTypes: TYPES,
  key: ['team', 'app', 'app.kubernetes.io/managed-by'],
  value: ['payments', ''],
  search: ['pay', ''],
  label: ['team', 'env'],
  labels: ['team', 'app'],
  annotations: ['owner', 'runbook'],
  after: ['YXJyYXljb25uZWN0aW9uOjA=', ''],
  before: ['cursor', ''],
  tags: ['x'],
};
const SCALARS: Readonly<Record<string, readonly unknown[]>> = {
  Int: [3, 1, 0, 5, 40, -1, 2_147_483_647],
  Float: [0, 1.5, -3, 1e21],
  Boolean: [true, false],
  CostDuration: ['7d', '24h', '4w', '90m', '3653d', '7D', '99999999d'],
  TimeZone: ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', '+01:00', 'Mars/Olympus'],
  DateTime: ['2026-01-05T00:00:00Z', '2026-01-20T01:00:00+01:00', '2026-02-30T00:00:00Z', '0000-01-01T00:00:00Z'],
};

/** A value for an input of this type and name. */
export function makeValue(choices: Choices, type: GraphQLInputType, name: string): unknown {
  if (isNonNullType(type)) return makePresent(choices, type.ofType, name);
  return choices.chance(4) ? null : makePresent(choices, type, name);
}

function makePresent(choices: Choices, type: GraphQLInputType, name: string): unknown {
  if (isListType(type)) return choices.some(choices.chance(4) ? 0 : 1, 3, () => makeValue(choices, type.ofType, name));
  if (isEnumType(type)) return choices.pick(type.getValues()).name;
  return isInputObjectType(type) ? makeObject(choices, type) : makeScalar(choices, type.name, name);
}

function makeObject(choices: Choices, type: GraphQLInputObjectType): Record<string, unknown> {
  const fields = Object.values(type.getFields());
  const given = type.isOneOf
    ? [choices.pick(fields)]
    : fields.filter((field) => isNonNullType(field.type) || choices.chance(30));
  return Object.fromEntries(given.map((field) => [field.name, makeValue(choices, field.type, field.name)]));
}

function makeScalar(choices: Choices, type: string, name: string): unknown {
  if (type === '_Any') return makeRepresentation(choices);
  // Mostly one of the first.
  const all = SCALARS[type] ?? TEXTS[name] ?? ['a'];
  if (type === 'String' && choices.chance(5)) return choices.pick([...UNUSUAL_TEXTS, ...UNUSUAL_NAMES]);
  return choices.chance(80) ? choices.pick(all.slice(0, 3)) : choices.pick(all);
}

/** A representation of an entity, mostly with its key. */
export function makeRepresentation(choices: Choices): unknown {
  if (choices.chance(8)) return choices.pick([7, 'KubernetesCluster', [], {}, [[]], true, 1.5]);
  const representation: Record<string, unknown> = {
    __typename: choices.chance(90)
      ? choices.pick(['KubernetesCluster', 'KubernetesNamespace', 'KubernetesWorkload'])
      : choices.pick(['Query', 'CostRow', '', ...UNUSUAL_NAMES]),
  };
  for (const field of ['name', 'clusterName', 'namespace', 'type']) {
    if (choices.chance(5)) continue;
    representation[field] = choices.chance(90)
      ? choices.pick(TEXTS[field]!)
      : choices.pick([null, 7, {}, ['c'], ...UNUSUAL_TEXTS, ...UNUSUAL_NAMES]);
  }
  return representation;
}

/** As GraphQL: keys and enum names without quotes. */
export function toLiteral(value: unknown, type?: GraphQLInputType): string {
  const inner = isNonNullType(type) ? type.ofType : type;
  if (Array.isArray(value)) {
    const item = isListType(inner) ? inner.ofType : undefined;
    return `[${value.map((each) => toLiteral(each, item)).join(', ')}]`;
  }
  if (typeof value !== 'object' || value === null) return isEnumType(inner) ? String(value) : JSON.stringify(value);
  const fields = isInputObjectType(inner) ? inner.getFields() : {};
  const typeOf = (key: string) => (Object.hasOwn(fields, key) ? fields[key]!.type : undefined);
  return `{${Object.entries(value)
    .map(([key, each]) => `${key}: ${toLiteral(each, typeOf(key))}`)
    .join(', ')}}`;
}

/** JSON of any kind, as text: some is invalid, and some JSON.stringify would not write. */
export function makeJson(choices: Choices, depth = 0): string {
  const inner = (): string => makeJson(choices, depth + 1);
  const plain = ['null', '7', '"a"', 'true', '{}', '[]', '-0', '1e400', '-1e400', '0.1', '2147483648'];
  switch (depth > 3 ? 0 : choices.below(8)) {
    case 1:
      return JSON.stringify(choices.pick([...UNUSUAL_TEXTS, ...UNUSUAL_NAMES]));
    case 2:
      return `[${choices.some(0, 4, inner).join(',')}]`;
    case 3:
      return `{${choices.some(0, 4, () => `${JSON.stringify(makeKey(choices))}:${inner()}`).join(',')}}`;
    case 4:
      return choices.pick(['NaN', 'Infinity', 'undefined', '"\\ud83d"', '01', "'a'", '"\\x"', '9'.repeat(400)]);
    case 5:
      return nest(choices.pick([10, 100, 5_000]), choices.pick(['[', '{"a":']), choices.pick(['1', '']));
    case 6:
      return `[${Array(choices.pick([20, 1_001, 10_000]))
        .fill(choices.pick(['"a"', 'null', '1', '{}']))
        .join(',')}]`;
    default:
      return choices.pick(plain);
  }
}

function makeKey(choices: Choices): string {
  return choices.pick(['a', 'names', 'filter', ...UNUSUAL_NAMES, '']);
}

function nest(levels: number, open: string, middle: string): string {
  return open.repeat(levels) + middle + (open === '[' ? ']' : '}').repeat(levels);
}
