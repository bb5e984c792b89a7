// Reads the settings of the schema.

import type { Reader } from './reader.js';

export type SchemaSettings = Readonly<ReturnType<typeof readSchema>>;

export function readSchema(read: Reader) {
  return {
    federation: read('GATEWAY_FEDERATION'),
    access: read('GATEWAY_FEDERATION_ACCESS'),
    cacheTags: read('GATEWAY_FEDERATION_CACHE_TAGS'),
  };
}
