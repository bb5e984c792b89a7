// Random HTTP requests that carry an operation: by POST and GET, with valid and invalid parameters. Their HTTP is
// valid; bytes.ts makes it invalid.

import type { GraphQLSchema } from 'graphql';

import type { Choices } from './choices.js';
import { makeOperation, type Operation } from './documents.js';
import { mutateDocument } from './mutations.js';
import { makeJson, makeRepresentation, UNUSUAL_NAMES } from './values.js';

export interface FuzzRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Unchanged: the document is a valid one of the schema. */
  readonly isPlain: boolean;
}

export const ACCEPTED = ['application/graphql-response+json', 'application/json'] as const;

/** Any operation, in any state. */
export function makeRequest(choices: Choices, schema: GraphQLSchema): FuzzRequest {
  // A limited number of decisions keeps the operation short.
  const [around, broken] = [choices.fork(16), choices.fork(24)];
  const operation = makeOperation(choices, schema);
  const isPlain = around.chance(35);
  return wrap(around, isPlain ? operation : mutate(broken, operation), isPlain);
}

/** Representations of any kind, and the fields of entities. */
export function makeEntitiesRequest(choices: Choices): FuzzRequest {
  const fields = `__typename ... on KubernetesCluster { name costs { totals { rowCount } } }
    ... on KubernetesNamespace { clusterName name costs(filter: { last: "7d" }) { clusters } }
    ... on KubernetesWorkload { clusterName namespace type name cost { id } }`;
  const references = choices.some(0, 6, () =>
    choices.chance(75) ? JSON.stringify(makeRepresentation(choices)) : makeJson(choices),
  );
  const query = `query ($of: [_Any!]!) { _entities(representations: $of) { ${fields} } }`;
  return wrap(choices, { query, variables: new Map([['of', `[${references.join(',')}]`]]), name: undefined }, false);
}

function mutate(choices: Choices, { query, variables, name }: Operation): Operation {
  // Either of the two, or both.
  const what = choices.below(3);
  const mutated = new Map(
    what === 1
      ? variables
      : [...variables].map(([each, json]) => [each, choices.chance(50) ? makeJson(choices) : json]),
  );
  if (choices.chance(10)) mutated.set(choices.pick(['extra', ...UNUSUAL_NAMES]), makeJson(choices));
  return {
    query: what === 2 ? query : mutateDocument(choices, query),
    variables: mutated,
    name: choices.chance(10) ? choices.pick(['B', '', ...UNUSUAL_NAMES]) : name,
  };
}

function wrap(choices: Choices, { query, variables, name }: Operation, isPlain: boolean): FuzzRequest {
  const parameters = new Map<string, string>([['query', JSON.stringify(query)]]);
  if (variables.size > 0 || choices.chance(10)) parameters.set('variables', toJsonObject(variables));
  if (name !== undefined) parameters.set('operationName', JSON.stringify(name));
  if (!isPlain) mutateParameters(choices, parameters);
  const headers = makeHeaders(choices, isPlain);
  if (choices.chance(25)) {
    // In a URL only the three others are JSON; `query` and `operationName` are plain text.
    const toText = (key: string, json: string): string =>
      (key === 'query' || key === 'operationName') && json.startsWith('"') ? readText(json) : json;
    const search = [...parameters].map(([key, json]) => `${encodeURIComponent(key)}=${encode(toText(key, json))}`);
    return { method: 'GET', target: `/graphql?${search.join('&')}`, headers, body: undefined, isPlain };
  }
  const type = isPlain || !choices.chance(4) ? 'application/json' : choices.pick(BODY_TYPES);
  const text = toJsonObject(parameters);
  const body =
    isPlain || !choices.chance(6)
      ? text
      : choices.pick([`[${text}]`, text.slice(0, -3), '', 'null', `\ufeff${text}`, text + text]);
  return { method: 'POST', target: '/graphql', headers: { ...headers, 'content-type': type }, body, isPlain };
}

const BODY_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/graphql',
  'application/json;charset=utf-16',
  '',
];

function mutateParameters(choices: Choices, parameters: Map<string, string>): void {
  if (choices.chance(6)) parameters.set(choices.pick(['variables', 'query', 'operationName']), makeJson(choices));
  if (choices.chance(6)) parameters.delete(choices.pick([...parameters.keys()]));
  if (choices.chance(8)) {
    const hash = choices.pick(['"abc"', `"${'0'.repeat(64)}"`, '7', 'null', '"__proto__"']);
    const persisted = `{"persistedQuery":{"version":1,"sha256Hash":${hash}}}`;
    parameters.set('extensions', choices.chance(50) ? persisted : makeJson(choices));
  }
  if (choices.chance(3))
    parameters.set(choices.pick(['querry', 'documentId', 'id', ...UNUSUAL_NAMES]), makeJson(choices));
}

function makeHeaders(choices: Choices, isPlain: boolean): Record<string, string> {
  const headers: Record<string, string> = { accept: choices.pick(ACCEPTED) };
  if (isPlain || !choices.chance(3)) headers['apollo-require-preflight'] = 'true';
  if (choices.chance(3)) headers['apollo-federation-include-trace'] = 'ftv1';
  if (choices.chance(3))
    headers['cache-control'] = choices.pick(['no-cache', 'no-store', 'max-age=0, no-cache', ',,=']);
  if (choices.chance(3)) headers['x-request-id'] = choices.pick(['mine', 'a b', '<script>', 'x'.repeat(200)]);
  if (isPlain || !choices.chance(4)) return headers;
  return {
    ...headers,
    [choices.pick(UNUSUAL_HEADERS)]: choices.pick([
      '',
      '*/*',
      'gzip',
      'x',
      '0',
      'null',
      '__proto__',
      '=;=,;',
      'text/csv',
    ]),
  };
}

const UNUSUAL_HEADERS = [
  'accept',
  'accept-encoding',
  'content-encoding',
  'authorization',
  'origin',
  'x-forwarded-for',
  'x-http-method-override',
  'traceparent',
  'cookie',
  'x-api-key',
  '__proto__',
];

function toJsonObject(entries: ReadonlyMap<string, string>): string {
  return `{${[...entries].map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`;
}

function readText(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return json;
  }
}

/** encodeURIComponent refuses half of a surrogate pair: these are its three bytes. */
function encode(text: string): string {
  return text.replace(/\p{Surrogate}|[^\p{Surrogate}]+/gu, (part) =>
    /^\P{Surrogate}/u.test(part) ? encodeURIComponent(part) : '%ED%A0%BD',
  );
}
