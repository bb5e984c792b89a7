// Operations that are known by an id, so that a client need not send them in full: those that were listed (trusted
// documents), and those that some client has sent with their hash before (Apollo's automatic persisted queries, APQ).
// Ours and not Yoga's two plugins: those keep documents that were never valid, bounded by number and not by bytes, for 36
// seconds, answer 404, and do not take a listed document's text.

import { LRUCache } from 'lru-cache';

import { hashOf, type TrustedDocuments } from '../../auth/trusted-documents.js';
import { GatewayError } from '../../errors.js';
import type { DoorContext, DoorPlugin } from '../request-state.js';

/** What all clients together may have kept. */
const MAX_KEPT_CHARACTERS = 4_194_304;
const MAX_KEPT = 1_000;

type Params = Readonly<Record<string, unknown>>;

/** Only listed documents are run, by id, hash or text. */
export function useTrustedDocuments(trusted: TrustedDocuments): DoorPlugin {
  return {
    onParams({ params, request, setParams }) {
      // What is no object is refused after us.
      if (!isObject(params)) return;
      const { documentId, ...rest }: Params = params;
      const id = toId(documentId) ?? readHash(rest) ?? readUrlId(request);
      const text = id === undefined ? rest.query : trusted.find(id);
      const isListed = typeof text === 'string' && trusted.has(text);
      // Who sends both has to mean the same by both.
      if (!isListed || (rest.query != null && rest.query !== text))
        throw new GatewayError('PERSISTED_QUERY_NOT_IN_LIST');
      setParams({ ...rest, query: text });
    },
  };
}

/**
 * Keeps the documents that clients send with their hash, for the next time when they send it alone.
 * https://www.apollographql.com/docs/apollo-server/performance/apq
 */
export function useAutomaticPersistedQueries(): DoorPlugin {
  const kept = new LRUCache<string, string>({
    max: MAX_KEPT,
    maxSize: MAX_KEPT_CHARACTERS,
    sizeCalculation: (text) => text.length + 1,
  });
  return {
    onParams({ params, setParams, context }) {
      const hash = isObject(params) ? readHash(params) : undefined;
      if (hash === undefined) return;
      if (params.query == null) {
        const query = kept.get(hash);
        if (query === undefined) throw new GatewayError('PERSISTED_QUERY_NOT_FOUND');
        setParams({ ...params, query });
        return;
      }
      if (typeof params.query !== 'string') return;
      if (hashOf(params.query) !== hash) {
        const message = 'extensions.persistedQuery.sha256Hash must be the SHA-256 hash of query, in hexadecimal.';
        throw new GatewayError('BAD_USER_INPUT', { message });
      }
      context.state.documentToKeep = { hash, text: params.query };
    },
    // Once it was found to be valid: what is not would only push out what is.
    onExecute({ args }) {
      const { documentToKeep } = (args.contextValue as unknown as DoorContext).state;
      if (documentToKeep !== undefined) kept.set(documentToKeep.hash, documentToKeep.text);
    },
  };
}

/** `extensions.persistedQuery.sha256Hash`, by version 1 of the protocol. */
function readHash({ extensions }: Params): string | undefined {
  const persisted = readOwn(extensions, 'persistedQuery');
  return readOwn(persisted, 'version') === 1 ? toId(readOwn(persisted, 'sha256Hash')) : undefined;
}

/** GraphQL over HTTP's draft on persisted documents has `documentId` in the URL of a GET. */
function readUrlId(request: Request): string | undefined {
  return request.method === 'GET' ? toId(new URL(request.url).searchParams.get('documentId')) : undefined;
}

function readOwn(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toId(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
