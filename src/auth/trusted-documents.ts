// GATEWAY_TRUSTED_DOCUMENTS: the list of documents that may be executed, which the build of a frontend writes.

import { hash } from 'node:crypto';
import { Kind, parse, validate, type GraphQLSchema } from 'graphql';

import { isObject, parseJsonFile } from './strict-json.js';

export type TrustedDocuments = ReturnType<typeof createTrustedDocuments>;

interface ListedDocument {
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
  if (root === undefined) return createTrustedDocuments([], []);
  const listed = parseList(root);
  if (listed === undefined) {
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

function createTrustedDocuments(listed: readonly ListedDocument[], names: readonly string[]) {
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

function hashOf(text: string): string {
  return hash('sha256', text, 'hex');
}

function parseList(root: Readonly<Record<string, unknown>>): readonly ListedDocument[] | undefined {
  if (root.format === 'apollo-persisted-query-manifest') {
    const { operations } = root;
    if (!Array.isArray(operations)) return undefined;
    return toListed(operations.map((each) => (isObject(each) ? [each.id, each.body] : [])));
  }
  return toListed(Object.entries(root));
}

function toListed(pairs: readonly (readonly unknown[])[]): readonly ListedDocument[] | undefined {
  const listed = pairs.flatMap(([id, text]) =>
    typeof id === 'string' && id !== '' && typeof text === 'string' ? [{ id, text }] : [],
  );
  return listed.length === pairs.length ? listed : undefined;
}
