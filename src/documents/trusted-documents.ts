// The list of operations that production frontends send: what GraphQL Code Generator writes (persisted-documents.json, an
// object of texts by their hashes) or Apollo's tools (a manifest). Every operation of it has to be one that can be run.
// https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format

import { validate, type GraphQLSchema } from 'graphql';

import { GatewayError } from '../errors.js';
import { findBreach, parseDocument, type DocumentLimits } from './limits.js';

export interface TrustedDocuments {
  /** The text of a document, by its id. */
  readonly byId: ReadonlyMap<string, string>;
  readonly texts: ReadonlySet<string>;
}

/** What a listed document has to fit. */
export interface Fit {
  readonly schema: GraphQLSchema;
  readonly limits: DocumentLimits;
}

type Entry = readonly [id: unknown, text: unknown];

/** `report` is told what is wrong, in sentences about the file, which quote nothing but ids. */
export function parseTrustedDocuments(json: string, fit: Fit, report: (problem: string) => void): TrustedDocuments {
  const byId = new Map<string, string>();
  const entries = readEntries(json);
  if (typeof entries === 'string') report(entries);
  else {
    entries.forEach(([id, text], index) => {
      const problem = findProblem(id, text, byId, fit);
      if (problem !== undefined) report(`${typeof id === 'string' ? quote(id) : `operation ${index + 1}`} ${problem}.`);
      else byId.set(id as string, text as string);
    });
  }
  return { byId, texts: new Set(byId.values()) };
}

/** What the list has, or what is wrong with it. */
function readEntries(json: string): readonly Entry[] | string {
  let list: unknown;
  try {
    list = JSON.parse(json.replace(/^\uFEFF/, ''));
  } catch {
    return 'must be JSON.';
  }
  if (!isObject(list)) return 'must be an object.';
  if (!Object.hasOwn(list, 'format')) return Object.entries(list);
  const { format, version, operations } = list;
  if (format !== 'apollo-persisted-query-manifest' || version !== 1 || !Array.isArray(operations)) {
    return 'must be texts by their ids, or a manifest of format "apollo-persisted-query-manifest" and version 1.';
  }
  return operations.map((operation: unknown) =>
    isObject(operation) ? [operation.id, operation.body] : [undefined, undefined],
  );
}

function findProblem(id: unknown, text: unknown, known: ReadonlyMap<string, string>, { schema, limits }: Fit) {
  if (typeof id !== 'string' || id === '' || typeof text !== 'string') return 'must have an id and a text';
  if (known.has(id)) return 'is there twice';
  try {
    const document = parseDocument(text, limits);
    const breach = findBreach(document, limits);
    if (breach !== undefined) throw breach;
    return validate(schema, document).length > 0 ? 'does not fit the schema' : undefined;
  } catch (error) {
    return error instanceof GatewayError ? 'is over one of the limits of documents' : 'does not parse';
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function quote(id: string): string {
  return JSON.stringify(id.length <= 100 ? id : `${id.slice(0, 100)}…`);
}
