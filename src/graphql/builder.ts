// The schema builder: which TypeScript types stand behind the scalars, that a field is non-null unless it says so, and
// that types may carry the directives of Apollo Federation. The only state of a module in this house; each file of this
// folder adds its types to it.

import SchemaBuilder from '@pothos/core';
import DirectivesPlugin from '@pothos/plugin-directives';
import FederationPlugin from '@pothos/plugin-federation';

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
  Directives: {
    /** What a router's cache calls the answer, to drop it by that name (federation 2.12). */
    cacheTag: { locations: 'OBJECT' | 'FIELD_DEFINITION'; args: { format: string } };
  };
}>({
  plugins: [DirectivesPlugin, FederationPlugin],
  defaultFieldNullability: false,
});
