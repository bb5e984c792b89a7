// The whole schema: each import adds its types to the builder.

import { GraphQLSchema, printSchema as printPlainSchema } from 'graphql';

import { builder } from './builder.js';
import './types/scalars.js';
import './types/report.js';
import './types/rows.js';
import './types/totals.js';
import './types/warnings.js';
import './types/breakdown.js';
import './types/comparison.js';
import './types/change-breakdown.js';
import './types/time-series.js';
import './types/series.js';
import './federation/entities.js';
import './federation/entity-fields.js';
import { printSdl, type SdlOptions } from './federation/print-sdl.js';
import { toSubgraph } from './federation/subgraph.js';

const DESCRIPTION =
  'The costs of Kubernetes clusters, from the reports of ScaleOps. Start at `Query`: `aggregatedCosts` groups costs by ' +
  'cluster, namespace or label; `workloadCosts` lists them per workload; `costTimeSeries` shows them over time.';

/** The defaults are those of `schema/gateway.graphql`. */
interface SchemaOptions {
  /** Whether routers can use it as a subgraph. */
  readonly federation?: boolean;
  /** Who may see costs through a router: authenticated callers, or those with all scopes of one of these lists. */
  readonly access?: 'authenticated' | readonly (readonly string[])[] | undefined;
  /** Whether types have @cacheTag, which names responses in a router's cache. */
  readonly cacheTags?: boolean;
}

/** Returns the executable schema of the gateway. */
export function createSchema({ federation = true, ...options }: SchemaOptions = {}): GraphQLSchema {
  const schema = createGatewaySchema();
  return federation ? toSubgraph(schema, printSdl(schema, toSdlOptions(options))) : schema;
}

/** Returns the schema in SDL, with the directives of Apollo Federation unless `federation` is false. */
export function printSchema({ federation = true, ...options }: SchemaOptions = {}): string {
  const schema = createGatewaySchema();
  return federation ? printSdl(schema, toSdlOptions(options)) : `${printPlainSchema(schema)}\n`;
}

function toSdlOptions({ access, cacheTags = false }: SchemaOptions): SdlOptions {
  if (access === undefined) return { cacheTags };
  const text = access === 'authenticated' ? '@authenticated' : `@requiresScopes(scopes: ${JSON.stringify(access)})`;
  // Every path to costs goes through one of these types.
  return { cacheTags, access: { CostReport: text, CostRow: text, CostTimeSeries: text } };
}

function createGatewaySchema(): GraphQLSchema {
  const { query, directives } = builder.toSchema({ sortSchema: false }).toConfig();
  // Without an explicit list, types are printed in the order in which they are reachable from Query.
  return new GraphQLSchema({ description: DESCRIPTION, query, directives });
}
