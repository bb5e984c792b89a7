// The whole schema: each import adds its types to the builder.

import { GraphQLSchema } from 'graphql';

import { builder } from './builder.js';
import './types/scalars.js';
import './types/report.js';
import './types/rows.js';
import './types/totals.js';
import './types/breakdown.js';
import './federation/entities.js';
import './federation/entity-fields.js';
import { printSdl, type SdlOptions } from './federation/print-sdl.js';
import { toSubgraph } from './federation/subgraph.js';

const DESCRIPTION =
  'What Kubernetes clusters cost. The figures are from the reports of ScaleOps, a service that watches clusters, sizes ' +
  'their workloads and works out what they cost and could save. Start at `Query`: `aggregatedCosts` adds costs up by ' +
  'cluster, namespace or label, `workloadCosts` lists them workload by workload (a workload is a Deployment, a ' +
  'StatefulSet and so on). Either answers with a `CostReport`, which has rows, totals and breakdowns.';

/** What may be chosen of the schema; what is left out is as in `schema/gateway.graphql`. */
export interface SchemaOptions {
  /** Whether a router may use it as a subgraph. */
  readonly federation?: boolean;
  /** Whom a router lets see costs: whoever has logged in, or has all scopes of one of these lists. */
  readonly access?: 'authenticated' | readonly (readonly string[])[] | undefined;
  /** Whether a router's cache is told what to call answers. */
  readonly cacheTags?: boolean;
}

/** The executable schema of the gateway, its fields in the order a reader would want them. */
export function createSchema({ federation = true, ...options }: SchemaOptions = {}): GraphQLSchema {
  const schema = createOwnSchema();
  return federation ? toSubgraph(schema, printSdl(schema, toSdlOptions(options))) : schema;
}

/** The schema as text, with the directives of Apollo Federation: what `_service` says, and `schema/gateway.graphql`. */
export function printSchema(options: SchemaOptions = {}): string {
  return printSdl(createOwnSchema(), toSdlOptions(options));
}

function toSdlOptions({ access, cacheTags = true }: SchemaOptions): SdlOptions {
  if (access === undefined) return { cacheTags };
  const text = access === 'authenticated' ? '@authenticated' : `@requiresScopes(scopes: ${JSON.stringify(access)})`;
  // However one gets to costs, it is by one of two types.
  return { cacheTags, access: { CostReport: text, CostRow: text } };
}

function createOwnSchema(): GraphQLSchema {
  const { query, directives } = builder.toSchema({ sortSchema: false }).toConfig();
  // Without a list of types they are in the order in which a reader meets them, from Query on.
  return new GraphQLSchema({ description: DESCRIPTION, query, directives });
}
