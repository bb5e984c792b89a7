// GATEWAY_TRUSTED_DOCUMENTS: the list of operations that may be run. The build of a frontend lists its operations; any other
// one was not written by its authors.

import { createHash } from 'node:crypto';
import { Kind, parse, validate, type GraphQLSchema } from 'graphql';

import { isObject, parseJsonFile } from './strict-json.js';

export type TrustedDocuments = ReturnType<typeof createTrustedDocuments>;

interface Listed {
  readonly id: string;
  readonly text: string;
}

/**
 * Parses a list as GraphQL Code Generator writes it, `{id: text}`, or as Apollo's tools do, `{format:
 * "apollo-persisted-query-manifest", version: 1, operations: [{id, body}]}`.
 * @param problems receives what is wrong, by the number of the document.
 */
export function parseTrustedDocuments(json: string, schema: GraphQLSchema, problems: string[]): TrustedDocuments {
  const root = parseJsonFile(json, problems);
  const listed = root && readList(root);
  if (listed === undefined) {
    if (root !== undefined)
      problems.push(
        'must hold a JSON object of documents by id, or a manifest of the format apollo-persisted-query-manifest.',
      );
    return createTrustedDocuments([], []);
  }
  if (listed.length === 0) problems.push('lists no document.');
  const ids = listed.map(({ id }) => id);
  if (new Set(ids).size < ids.length) problems.push('has an id twice.');
  const names = listed.flatMap(({ text }, index) => {
    try {
      const document = parse(text);
      const [error] = validate(schema, document, undefined, { maxErrors: 1 });
      if (error !== undefined) problems.push(`has a document, number ${index + 1}, that is not valid for the schema.`);
      return document.definitions.flatMap((each) =>
        each.kind === Kind.OPERATION_DEFINITION && each.name !== undefined ? [each.name.value] : [],
      );
    } catch {
      problems.push(`has a document, number ${index + 1}, that is not valid GraphQL.`);
      return [];
    }
  });
  return createTrustedDocuments(listed, names);
}

function createTrustedDocuments(listed: readonly Listed[], names: readonly string[]) {
  const texts = new Set(listed.map(({ text }) => text));
  const byId = new Map(listed.flatMap(({ id, text }) => [[hashOf(text), text] as const, [id, text] as const]));
  return {
    /** The text of a document by its id, or by its SHA-256 hash in hexadecimal, with or without `sha256:`. */
    find: (id: string): string | undefined => byId.get(id) ?? byId.get(id.replace(/^sha256:/, '')),
    has: (text: string): boolean => texts.has(text),
    /** The names of the operations. */
    names: [...new Set(names)],
  };
}

/** The SHA-256 hash of a document's text, in hexadecimal. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function readList(root: Readonly<Record<string, unknown>>): readonly Listed[] | undefined {
  if (root.format === 'apollo-persisted-query-manifest') {
    const { operations } = root;
    if (!Array.isArray(operations)) return undefined;
    return toListed(operations.map((each) => (isObject(each) ? [each.id, each.body] : [])));
  }
  return toListed(Object.entries(root));
}

function toListed(pairs: readonly (readonly unknown[])[]): readonly Listed[] | undefined {
  const listed = pairs.flatMap(([id, text]) =>
    typeof id === 'string' && id !== '' && typeof text === 'string' ? [{ id, text }] : [],
  );
  return listed.length === pairs.length ? listed : undefined;
}
