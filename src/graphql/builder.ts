// The schema builder: which TypeScript types stand behind the scalars, and that a field is non-null unless it says so.
// The only state of a module in this house; each file of this folder adds its types to it.

import SchemaBuilder from '@pothos/core';

import type { GatewayContext } from '../context.js';

export const builder = new SchemaBuilder<{
  Context: GatewayContext;
  DefaultFieldNullability: false;
  Scalars: {
    /** Milliseconds since the Unix epoch. */
    DateTime: { Input: number; Output: number };
    /** Canonical text, see parseDuration. */
    Duration: { Input: string; Output: string };
    ID: { Input: string; Output: string };
  };
}>({ defaultFieldNullability: false });
