// The schema builder: the TypeScript types of scalars, fields that are non-null by default, and the directives that routers
// read. Each file of this folder adds its types to it.

import SchemaBuilder from '@pothos/core';
import DirectivesPlugin from '@pothos/plugin-directives';

import type { GatewayContext } from '../loaders/context.js';

/** An optional argument or input field, as a resolver receives it. */
export type OptionalInput<Ref extends { readonly $inferInput: unknown }> = Ref['$inferInput'] | null | undefined;

export const builder = new SchemaBuilder<{
  Context: GatewayContext;
  DefaultFieldNullability: false;
  Scalars: {
    /** Milliseconds since the Unix epoch. */
    DateTime: { Input: number; Output: number };
    /** An IANA name, as toTimeZone spells it. */
    TimeZone: { Input: string; Output: string };
    /** Canonical text, see parseDuration. */
    CostDuration: { Input: string; Output: string };
    ID: { Input: string; Output: string };
  };
  // Declared here because Pothos' federation plugin loads all of @apollo/subgraph.
  Directives: {
    key: { locations: 'OBJECT'; args: { fields: string } };
    shareable: { locations: 'OBJECT'; args: Record<string, never> };
    tag: { locations: 'INPUT_FIELD_DEFINITION'; args: { name: string } };
    cost: { locations: 'FIELD_DEFINITION'; args: { weight: number } };
    listSize: {
      locations: 'FIELD_DEFINITION';
      args: {
        /** Not beside a slicing argument with a default. */
        assumedSize?: number;
        slicingArguments?: readonly string[];
        /** The fields below that return the items; without it, the field itself does. */
        sizedFields?: readonly string[];
        requireOneSlicingArgument?: boolean;
      };
    };
    /** Names responses in a router's cache, for invalidation (federation 2.12). */
    cacheTag: { locations: 'OBJECT' | 'FIELD_DEFINITION'; args: { format: string } };
  };
}>({
  plugins: [DirectivesPlugin],
  defaultFieldNullability: false,
});
