// What keeps the gateway from who asks for too much, as its parts want it.

import type { GraphQLSchema } from 'graphql';

import type { DocumentLimits } from '../documents/limits.js';
import { parseTrustedDocuments, type TrustedDocuments } from '../documents/trusted-documents.js';
import type { Reader } from './reader.js';

/** How a file's text is read. @throws whatever, where it cannot be. */
export type ReadText = (path: string) => string;

interface Surroundings {
  readonly problems: string[];
  readonly readText: ReadText;
  readonly createSchema: () => GraphQLSchema;
}

export function readProtection(read: Reader, surroundings: Surroundings) {
  const documents = readDocumentLimits(read);
  return {
    documents,
    maxCost: read('GATEWAY_MAX_COST'),
    timeoutMs: read('GATEWAY_TIMEOUT_MS'),
    rateLimit: read('GATEWAY_RATE_LIMIT'),
    corsOrigins: read('GATEWAY_CORS_ORIGINS') ?? [],
    introspection: read('GATEWAY_INTROSPECTION'),
    trustedDocuments: readTrustedDocuments(read('GATEWAY_TRUSTED_DOCUMENTS'), documents, surroundings),
    apq: read('GATEWAY_APQ'),
  };
}

function readTrustedDocuments(
  path: string | undefined,
  limits: DocumentLimits,
  { problems, readText, createSchema }: Surroundings,
): TrustedDocuments | undefined {
  if (path === undefined) return undefined;
  const name = 'GATEWAY_TRUSTED_DOCUMENTS';
  let json: string;
  try {
    json = readText(path);
  } catch {
    problems.push(`${name} must be a file that can be read.`);
    return undefined;
  }
  return parseTrustedDocuments(json, { schema: createSchema(), limits }, (problem) =>
    problems.push(`${name}: ${problem}`),
  );
}

function readDocumentLimits(read: Reader): DocumentLimits {
  return {
    tokens: read('GATEWAY_MAX_TOKENS'),
    depth: read('GATEWAY_MAX_DEPTH'),
    aliases: read('GATEWAY_MAX_ALIASES'),
    rootFields: read('GATEWAY_MAX_ROOT_FIELDS'),
    directives: read('GATEWAY_MAX_DIRECTIVES'),
    fragments: read('GATEWAY_MAX_FRAGMENTS'),
  };
}
