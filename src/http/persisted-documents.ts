// Operations that are sent by a hash or an id in place of their text: those of a list, and then no others (trusted
// documents), or any that was sent in full once (Apollo's automatic persisted queries). Yoga's plugins for the two know
// no `documentId`, run no listed text that is sent in full, and keep unchecked texts of any length, a thousand of them.
// https://www.apollographql.com/docs/apollo-server/performance/apq

import { createHash } from 'node:crypto';
import type { GraphQLParams } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';

import type { TrustedDocuments } from '../documents/trusted-documents.js';
import { GatewayError, UserInputError } from '../errors.js';
import type { DoorPlugin } from './request-state.js';

/** What texts that were sent once may take, in characters: thousands of them. */
const MAX_KEPT_CHARACTERS = 4_000_000;

/** Nothing but what is listed is run: by `documentId` (GraphQL over HTTP), `id`, Apollo's hash, or its text. */
export function useTrustedDocuments({ byId, texts }: TrustedDocuments): DoorPlugin {
  const find = (id: string): string | undefined => byId.get(id) ?? byId.get(id.replace(/^sha256:/, ''));
  return {
    onParams({ params, setParams, request }) {
      const id = params.query == null ? readId(params, request) : undefined;
      // With neither it is no question at all, and told so.
      if (params.query == null && id === undefined) return;
      const text = id === undefined ? params.query : find(id);
      if (text === undefined || !texts.has(text)) throw new GatewayError('PERSISTED_QUERY_NOT_IN_LIST');
      setParams(withText(params, text));
    },
  };
}

/** `isOn` false: hashes are known to nobody, which tells clients to send the text. */
export function useAutomaticPersistedQueries(isOn: boolean): DoorPlugin {
  const texts = new LRUCache<string, string>({
    maxSize: MAX_KEPT_CHARACTERS,
    sizeCalculation: (text) => text.length + 100,
  });
  const sent = new WeakMap<object, { readonly hash: string; readonly text: string }>();
  return {
    onParams({ params, setParams, context: { state } }) {
      const persisted = params.extensions?.persistedQuery as unknown;
      if (persisted == null || typeof params.extensions !== 'object') return;
      const hash = readHash(persisted);
      const { query } = params;
      if (query == null) {
        const text = isOn ? texts.get(hash) : undefined;
        if (text === undefined) throw new GatewayError('PERSISTED_QUERY_NOT_FOUND');
        setParams(withText(params, text));
      } else if (isOn && typeof query === 'string') {
        if (createHash('sha256').update(query).digest('hex') !== hash) {
          throw new UserInputError('extensions.persistedQuery.sha256Hash', 'must be the SHA-256 of query.');
        }
        sent.set(state, { hash, text: query });
      }
    },
    // What gets here fits the schema and the limits: nothing else is worth keeping.
    onExecute({ args }) {
      const { state } = args.contextValue as unknown as { readonly state: object };
      const known = sent.get(state);
      if (known !== undefined) texts.set(known.hash, known.text);
    },
  };
}

function readHash(persisted: unknown): string {
  const { version, sha256Hash } = persisted as Readonly<Record<string, unknown>>;
  if (version !== 1) throw new UserInputError('extensions.persistedQuery.version', 'must be 1.');
  if (typeof sha256Hash !== 'string' || !/^[\da-f]{64}$/i.test(sha256Hash)) {
    throw new UserInputError('extensions.persistedQuery.sha256Hash', 'must be 64 hexadecimal digits.');
  }
  return sha256Hash.toLowerCase();
}

/** Yoga's parser of URLs passes on only what it knows. */
function readId(params: GraphQLParams, { method, url }: Request): string | undefined {
  const { documentId, id } = params as Readonly<Record<string, unknown>>;
  const search = method === 'GET' ? new URL(url, 'http://localhost').searchParams : undefined;
  const { persistedQuery } = (params.extensions ?? {}) as {
    readonly persistedQuery?: { readonly sha256Hash?: unknown };
  };
  const given = [documentId, id, search?.get('documentId'), search?.get('id'), persistedQuery?.sha256Hash];
  const found = given.find((each) => each != null);
  if (found !== undefined && typeof found !== 'string') throw new UserInputError('documentId', 'must be a text.');
  return found;
}

/** With the parameters that Yoga knows, and no other. */
function withText({ variables, operationName, extensions }: GraphQLParams, query: string): GraphQLParams {
  return {
    query,
    ...(variables !== undefined && { variables }),
    ...(operationName !== undefined && { operationName }),
    ...(extensions !== undefined && { extensions }),
  };
}
