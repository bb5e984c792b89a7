// The schema builder: which TypeScript types stand behind the scalars, that a field is non-null unless it says so, and
// that types may carry the directives of Apollo Federation. The only state of a module in this house; each file of this
// folder adds its types to it.

import SchemaBuilder from '@pothos/core';
import DirectivesPlugin from '@pothos/plugin-directives';

import type { GatewayContext } from '../loaders/context.js';

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
  // Those of Apollo Federation. Not by Pothos' own plugin for it: that loads all of @apollo/subgraph, of which we need nothing.
  Directives: {
    key: { locations: 'OBJECT'; args: { fields: string } };
    shareable: { locations: 'OBJECT'; args: Record<string, never> };
    tag: { locations: 'INPUT_FIELD_DEFINITION'; args: { name: string } };
    cost: { locations: 'FIELD_DEFINITION'; args: { weight: number } };
    listSize: {
      locations: 'FIELD_DEFINITION';
      args: {
        assumedSize: number;
        slicingArguments?: readonly string[];
        sizedFields?: readonly string[];
        requireOneSlicingArgument?: boolean;
      };
    };
    /** What a router's cache calls the answer, to drop it by that name (federation 2.12). */
    cacheTag: { locations: 'OBJECT' | 'FIELD_DEFINITION'; args: { format: string } };
  };
}>({
  plugins: [DirectivesPlugin],
  defaultFieldNullability: false,
});
