// Documents that were executed before, parsed, validated and prepared. A document whose request is refused at any step is
// not added, so refused documents take no memory.

import { hash } from 'node:crypto';
import { Kind, type DocumentNode, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';

import { PreparedOperation } from '../../execution/prepared-operation.js';

export interface KnownDocument {
  readonly text: string;
  /** The SHA-256 hash of the text in lower-case hexadecimal, as automatic persisted queries name a document. */
  readonly hash: string;
  readonly document: DocumentNode;
  /** By name; the only key of an anonymous operation is the empty string. */
  readonly operations: ReadonlyMap<string, PreparedOperation>;
}

/** The estimated memory of all documents together: some 1,000 of the usual length. */
const MAX_BYTES = 67_108_864;
// Memory of a document besides its text, measured by test/http/known-documents.test.ts: the entry, each token with its share of
// the syntax tree, each operation, and each field of a plan.
const DOCUMENT_BYTES = 400;
const TOKEN_BYTES = 315;
const OPERATION_BYTES = 1_000;
const FIELD_BYTES = 450;

export class KnownDocuments {
  readonly #schema: GraphQLSchema;
  readonly #byHash: LRUCache<string, KnownDocument>;

  constructor(schema: GraphQLSchema, maxBytes = MAX_BYTES) {
    this.#schema = schema;
    this.#byHash = new LRUCache({ maxSize: maxBytes, sizeCalculation: weigh });
  }

  get(text: string): KnownDocument | undefined {
    return this.#byHash.get(hashText(text));
  }

  findByHash(hash: string): KnownDocument | undefined {
    return this.#byHash.get(hash);
  }

  /** Prepares the operations of a valid document. @throws TooManyFieldsError. */
  prepare(text: string, document: DocumentNode): KnownDocument {
    const operations = new Map<string, PreparedOperation>();
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
      operations.set(definition.name?.value ?? '', new PreparedOperation(this.#schema, document, definition));
    }
    return { text, hash: hashText(text), document, operations };
  }

  /** Has no effect on a document that is known. */
  add(document: KnownDocument): void {
    if (!this.#byHash.has(document.hash)) this.#byHash.set(document.hash, document);
  }

  /** The estimated memory of all documents. */
  byteSize(): number {
    return this.#byHash.calculatedSize;
  }
}

export function hashText(text: string): string {
  return hash('sha256', text, 'hex');
}

function weigh({ text, document, operations }: KnownDocument): number {
  // Text outside of Latin-1 takes two bytes per character.
  const characterBytes = /[^\0-\xff]/.test(text) ? 2 : 1;
  let bytes = DOCUMENT_BYTES + characterBytes * text.length + TOKEN_BYTES * countTokens(document);
  for (const { maxFieldCount } of operations.values()) bytes += OPERATION_BYTES + FIELD_BYTES * maxFieldCount;
  return bytes;
}

function countTokens({ loc }: DocumentNode): number {
  let count = 1;
  for (let token = loc?.startToken; token != null; token = token.next ?? undefined) count += 1;
  return count;
}
