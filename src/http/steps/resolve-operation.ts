// From the text, hash or id of a document to an operation that is valid and ready to be executed.

import { GraphQLError, type DocumentNode } from 'graphql';

import type { TrustedDocuments } from '../../auth/trusted-documents.js';
import type { Scheduler } from '../../concurrency/scheduler.js';
import { GatewayError } from '../../errors.js';
import { TooManyFieldsError } from '../../execution/plan.js';
import type { PreparedOperation } from '../../execution/prepared-operation.js';
import type { OperationInfo } from '../../telemetry/instrumentation.js';
import { hashText, type KnownDocument, type KnownDocuments } from '../operations/known-documents.js';
import type { DocumentParser } from '../validation/document-parser.js';
import { isObject, type Parameters } from './read-parameters.js';

export interface ResolvedOperation {
  readonly document: KnownDocument;
  readonly prepared: PreparedOperation;
  readonly info: OperationInfo;
  /** Identifies document and operation in cache keys. */
  readonly key: string;
}

/** The document, or its variables, are refused: with the errors of graphql-js. */
export class DocumentError extends Error {
  readonly errors: readonly GraphQLError[];

  constructor(errors: readonly GraphQLError[]) {
    super('The document is not valid.');
    this.errors = errors;
  }
}

interface ResolveOptions {
  /** Many new documents at the same time share the event loop. */
  readonly scheduler: Scheduler;
  readonly parser: DocumentParser;
  readonly documents: KnownDocuments;
  /** The operations that may be executed; undefined for any. */
  readonly trustedDocuments: TrustedDocuments | undefined;
  /** Whether clients may send the hash of a document instead of its text. */
  readonly persistedQueries: boolean;
}

/** Synchronous when the document is known. @throws GatewayError, GraphQLError (syntax), DocumentError (validation). */
export type ResolveOperation = (parameters: Parameters) => ResolvedOperation | Promise<ResolvedOperation>;

export function createResolveOperation(options: ResolveOptions): ResolveOperation {
  const { parser, documents, scheduler } = options;
  const findDocument =
    options.trustedDocuments === undefined ? findAny(options) : findTrusted(options.trustedDocuments);
  const prepare = function* (text: string): Generator<undefined, KnownDocument, undefined> {
    const document = parseDocument(parser, text);
    const errors = parser.validate(document);
    if (errors.length > 0) throw new DocumentError(errors);
    return prepareDocument(documents, text, document);
  };
  return (parameters) => {
    const found = findDocument(parameters);
    const document = typeof found === 'string' ? (documents.get(found) ?? scheduler.run(prepare(found))) : found;
    const choose = (known: KnownDocument) => chooseOperation(known, parameters.operationName);
    return document instanceof Promise ? document.then(choose) : choose(document);
  };
}

/** @throws GraphQLError with the code of a syntax error; GatewayError when the document exceeds a limit. */
function parseDocument(parser: DocumentParser, text: string): DocumentNode {
  try {
    return parser.parse(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const { message, source, positions } = error;
    const extensions = { code: 'GRAPHQL_PARSE_FAILED' };
    throw new GraphQLError(message, { source: source ?? null, positions: positions ?? null, extensions });
  }
}

function prepareDocument(documents: KnownDocuments, text: string, document: DocumentNode): KnownDocument {
  try {
    return documents.prepare(text, document);
  } catch (error) {
    if (!(error instanceof TooManyFieldsError)) throw error;
    throw new GatewayError('QUERY_TOO_COMPLEX', { message: 'The operation selects more than 10,000 fields.' });
  }
}

/** GetOperation (section 6.1 of the GraphQL specification). */
function chooseOperation(document: KnownDocument, name: string | null): ResolvedOperation {
  const { operations, hash } = document;
  const prepared = name === null && operations.size === 1 ? [...operations.values()][0] : operations.get(name ?? '');
  if (prepared === undefined) {
    throw new GatewayError('BAD_USER_INPUT', {
      message:
        name === null || name === ''
          ? 'operationName is required: the document does not have exactly one operation.'
          : 'operationName must be the name of an operation of the document.',
    });
  }
  const own = prepared.operation.name?.value ?? null;
  const info = { name: own, type: prepared.operation.operation };
  return { document, prepared, info, key: `${hash} ${own ?? ''}` };
}

type FindDocument = (parameters: Parameters) => string | KnownDocument;

/** Only listed documents are executed, by id, hash or text. */
function findTrusted(trusted: TrustedDocuments): FindDocument {
  return ({ query, documentId, extensions }) => {
    const id = nonEmpty(documentId) ?? readHash(extensions);
    const text = id === undefined ? query : (trusted.find(id) ?? trusted.find(id.toLowerCase()));
    const isListed = text != null && trusted.has(text);
    // A request with both must mean the same by both.
    if (!isListed || (query !== null && query !== text)) throw new GatewayError('PERSISTED_QUERY_NOT_IN_LIST');
    return text;
  };
}

/**
 * Any document, by its text; or by its hash once a client has sent it in full.
 * https://www.apollographql.com/docs/apollo-server/performance/apq
 */
function findAny({ documents, persistedQueries }: ResolveOptions): FindDocument {
  return ({ query, extensions, documentId }) => {
    const hash = persistedQueries ? readHash(extensions)?.toLowerCase() : undefined;
    if (query === null || (query === '' && hash !== undefined)) {
      if (hash === undefined) {
        const persisted = persistedQueries ? readPersisted(extensions) : undefined;
        throw new GatewayError('BAD_USER_INPUT', { message: explainMissingQuery(documentId, persisted) });
      }
      const known = documents.findByHash(hash);
      if (known === undefined) throw new GatewayError('PERSISTED_QUERY_NOT_FOUND');
      return known;
    }
    if (hash !== undefined && hashText(query) !== hash) {
      const message = 'extensions.persistedQuery.sha256Hash must be the SHA-256 hash of query, in hexadecimal.';
      throw new GatewayError('BAD_USER_INPUT', { message });
    }
    return query;
  };
}

/** @param persisted `extensions.persistedQuery`, which gives no hash. */
function explainMissingQuery(documentId: string | null, persisted: unknown): string {
  if (isObject(persisted) && persisted.version !== 1) {
    return 'extensions.persistedQuery.version must be 1, as a number; or send query.';
  }
  if (persisted != null) {
    return 'extensions.persistedQuery must be {"version": 1, "sha256Hash": "<the SHA-256 hash of query>"}; or send query.';
  }
  return documentId === null
    ? 'query must be given, as a string.'
    : 'documentId names a document of a list, and this gateway has none (GATEWAY_TRUSTED_DOCUMENTS). Send query.';
}

/** `extensions.persistedQuery.sha256Hash` of version 1 of the protocol. */
function readHash(extensions: Parameters['extensions']): string | undefined {
  const persisted = readPersisted(extensions);
  if (!isObject(persisted) || persisted.version !== 1) return undefined;
  return typeof persisted.sha256Hash === 'string' ? nonEmpty(persisted.sha256Hash) : undefined;
}

function readPersisted(extensions: Parameters['extensions']): unknown {
  return extensions !== null && Object.hasOwn(extensions, 'persistedQuery') ? extensions.persistedQuery : undefined;
}

function nonEmpty(text: string | null): string | undefined {
  return text === null || text === '' ? undefined : text;
}
