// Documents that were parsed, validated and prepared before. A document that is refused at any of these steps is never in
// here, so refused documents take no memory.

import { createHash } from 'node:crypto';
import { Kind, type DocumentNode, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';

import { prepareOperation, type PreparedOperation } from '../../execution/prepared-operation.js';

export interface KnownDocument {
  readonly text: string;
  /** The SHA-256 hash of the text in lower-case hexadecimal, as automatic persisted queries name a document. */
  readonly hash: string;
  readonly document: DocumentNode;
  /** By name; the only key of an anonymous operation is the empty string. */
  readonly operations: ReadonlyMap<string, PreparedOperation>;
}

export interface KnownDocuments {
  get(text: string): KnownDocument | undefined;
  findByHash(hash: string): KnownDocument | undefined;
  /** Prepares the operations of a valid document, and keeps them. @throws TooManyFieldsError. */
  add(text: string, document: DocumentNode): KnownDocument;
  /** What the documents weigh now, in bytes. */
  byteSize(): number;
}

/** What all documents together may retain: some 1,000 of the usual length. */
const MAX_BYTES = 67_108_864;
// What a document retains besides its text, measured by test/known-documents.test.ts: the entry, each token with its share of
// the syntax tree, each operation, and each field of a plan.
const DOCUMENT_BYTES = 400;
const TOKEN_BYTES = 315;
const OPERATION_BYTES = 1_500;
const FIELD_BYTES = 450;

export function createKnownDocuments(schema: GraphQLSchema, maxBytes = MAX_BYTES): KnownDocuments {
  const byHash = new Map<string, KnownDocument>();
  const byText = new LRUCache<string, KnownDocument>({
    maxSize: maxBytes,
    sizeCalculation: weigh,
    onInsert: (known) => byHash.set(known.hash, known),
    dispose: (known) => byHash.delete(known.hash),
  });
  return {
    get: (text) => byText.get(text),
    findByHash(hash) {
      const known = byHash.get(hash);
      return known && byText.get(known.text);
    },
    add(text, document) {
      const operations = new Map(
        document.definitions.flatMap((definition) =>
          definition.kind === Kind.OPERATION_DEFINITION
            ? [[definition.name?.value ?? '', prepareOperation(schema, document, definition)] as const]
            : [],
        ),
      );
      const known = { text, hash: hashText(text), document, operations };
      byText.set(text, known);
      return known;
    },
    byteSize: () => byText.calculatedSize,
  };
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
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
