// What changed from one SDL of the gateway to another, and whether it breaks who relies on it. The API, for its clients,
// is compared by GraphQL Inspector. Federation's directives, for the company's supergraph, are compared by rules of our
// own: Inspector pairs them by their order and calls every coming and going dangerous, a lost @key as much as a new @cost.

import { ChangeType, diff } from '@graphql-inspector/core';
import { buildASTSchema, Kind, parse, print, Source, visit } from 'graphql';

const LEVELS = { BREAKING: 'breaking', DANGEROUS: 'dangerous', NON_BREAKING: 'safe' };

/** What it does to composition and to the supergraph's clients when a directive is removed or added. Others: dangerous. */
const RULES = {
  // Other subgraphs refer to our entities by their keys, and resolve as well what we share.
  key: { removed: 'breaking', added: 'safe' },
  shareable: { removed: 'breaking', added: 'safe' },
  // We no longer answer for the field.
  external: { removed: 'dangerous', added: 'breaking' },
  interfaceObject: { removed: 'breaking', added: 'breaking' },
  // Clients of the supergraph lose it, some of them or all.
  inaccessible: { removed: 'safe', added: 'breaking' },
  authenticated: { removed: 'dangerous', added: 'breaking' },
  requiresScopes: { removed: 'dangerous', added: 'breaking' },
  policy: { removed: 'dangerous', added: 'breaking' },
  // A contract variant of the supergraph takes in what has a tag. It may leave that out as well: nobody here knows.
  tag: { removed: 'breaking', added: 'dangerous' },
  // Advice to routers.
  cost: { removed: 'safe', added: 'safe' },
  listSize: { removed: 'safe', added: 'safe' },
  cacheTag: { removed: 'safe', added: 'safe' },
  link: { removed: 'dangerous', added: 'safe' },
};

/** On a type these mean each of its fields that stands there. */
const MEANS_FIELDS = ['shareable', 'external'];

/** The directives that clients see and Inspector knows. */
const OF_THE_API = ['deprecated', 'specifiedBy', 'oneOf'];

/** What ends a check with a message and no stack. */
export class Refusal extends Error {}

/** All changes, each `{ level: 'breaking' | 'dangerous' | 'safe', change }`. */
export async function findChanges(before, after) {
  const [base, head] = [read(before), read(after)];
  return [...(await diff(base.api, head.api)).map(toChange), ...compareUsages(base.usages, head.usages)];
}

/** `{ name, sdl }` as the schema that clients see, and as federation's directives by coordinate. */
function read({ name, sdl }) {
  try {
    const document = defineAll(parse(new Source(sdl, name)));
    return { api: buildASTSchema(withoutFederation(document)), usages: findUsages(document) };
  } catch (error) {
    // A syntax error's text shows the place.
    throw new Refusal(`${name} is not valid: ${error.name === 'GraphQLError' ? String(error) : error.message}`);
  }
}

/** A subgraph may have a type by extensions alone, which graphql refuses. */
function defineAll(document) {
  const isNew = ({ kind }) => kind.endsWith('TypeDefinition');
  const defined = new Set(document.definitions.filter(isNew).map((node) => node.name.value));
  const definitions = document.definitions.map((node) => {
    if (!node.kind.endsWith('TypeExtension') || defined.has(node.name.value)) return node;
    defined.add(node.name.value);
    return { ...node, kind: node.kind.replace('Extension', 'Definition') };
  });
  return { ...document, definitions };
}

/** Without what a subgraph may use and not define, so that graphql can check the rest, and what no operation can use. */
function withoutFederation(document) {
  const isExecutable = ({ value }) => /^(QUERY|MUTATION|SUBSCRIPTION|FIELD|VARIABLE_.*|.*FRAGMENT.*)$/.test(value);
  return visit(document, {
    Directive: ({ name }) => (OF_THE_API.includes(name.value) ? undefined : null),
    DirectiveDefinition: ({ locations }) => (locations.some(isExecutable) ? undefined : null),
  });
}

function toChange({ type, message, meta, criticality }) {
  const isDefault =
    type === ChangeType.FieldArgumentDefaultChanged || type === ChangeType.InputFieldDefaultValueChanged;
  // Dangerous to Inspector; but who leaves the value out gets another answer or, where it is required now, none.
  const level = isDefault && meta.oldDefaultValue !== undefined ? 'breaking' : LEVELS[criticality.level];
  return { level, change: message.replaceAll(/\s+/g, ' ') };
}

/** From each coordinate to the directives there, each in one form whatever the order and the spacing. */
function findUsages(document) {
  const usages = new Map([['schema', new Set()]]);
  const add = (coordinate, directives) => {
    const texts = directives.filter(({ name }) => !OF_THE_API.includes(name.value)).map(toText);
    usages.set(coordinate, new Set([...(usages.get(coordinate) ?? []), ...texts]));
  };
  for (const type of document.definitions) {
    if (type.kind === Kind.DIRECTIVE_DEFINITION) continue;
    const typeName = type.name?.value ?? 'schema';
    const ofFields = type.directives.filter(({ name }) => MEANS_FIELDS.includes(toName(name)));
    const own = type.directives.filter((node) => !ofFields.includes(node));
    add(typeName, own);
    for (const { name, directives, arguments: args = [] } of [...(type.fields ?? []), ...(type.values ?? [])]) {
      const coordinate = `${typeName}.${name.value}`;
      add(coordinate, [...directives, ...ofFields]);
      for (const arg of args) add(`${coordinate}(${arg.name.value}:)`, arg.directives);
    }
  }
  return usages;
}

/** Without the prefix of what is not imported. */
const toName = ({ value }) => value.replace(/^federation__/, '');

function toText({ name, arguments: args }) {
  // Neither a newer version of a specification nor what is imported from it changes what the schema says.
  const relevant = args.filter((arg) => name.value !== 'link' || arg.name.value === 'url');
  const texts = relevant.map((arg) => `${arg.name.value}: ${toValue(arg)}`).sort();
  const given = texts.filter((text) => text !== 'resolvable: true').join(', ');
  return `@${toName(name)}${given === '' ? '' : `(${given})`}`;
}

function toValue({ name, value }) {
  if (value.kind !== Kind.STRING) return print(value);
  if (name.value === 'url') return JSON.stringify(value.value.replace(/\/v\d[\d.]*$/, ''));
  return JSON.stringify(name.value === 'fields' ? toFieldSet(value.value) : value.value);
}

function toFieldSet(fields) {
  const sort = (selections) => selections.toSorted((a, b) => (print(a) < print(b) ? -1 : 1));
  const sorted = visit(parse(`{ ${fields} }`), {
    SelectionSet: { leave: (node) => ({ ...node, selections: sort(node.selections) }) },
  });
  return print(sorted).replaceAll(/\s+/g, ' ').slice(2, -2);
}

/** Only of coordinates that both have: what is new or gone as a whole is a change of the API. */
function compareUsages(before, after) {
  const toChanges = (coordinate, from, to, way) =>
    [...from]
      .filter((text) => !to.has(text))
      .map((text) => ({
        level: RULES[/^@(\w+)/.exec(text)[1]]?.[way] ?? 'dangerous',
        change: `${coordinate}: ${text} was ${way}`,
      }));
  return [...before.keys()]
    .filter((coordinate) => after.has(coordinate))
    .flatMap((coordinate) => {
      const [old, now] = [before.get(coordinate), after.get(coordinate)];
      return [...toChanges(coordinate, old, now, 'removed'), ...toChanges(coordinate, now, old, 'added')];
    });
}
