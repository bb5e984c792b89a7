// The whole schema: each import adds its types to the builder.

import { GraphQLSchema, printSchema } from 'graphql';

import { builder } from './builder.js';
import './scalars.js';
import './report.js';
import './rows.js';
import './totals.js';
import './breakdown.js';

const DESCRIPTION =
  'What Kubernetes clusters cost, from the reports of ScaleOps. Start at `Query`: `aggregatedCosts` adds costs up by ' +
  'cluster, namespace or label, `workloadCosts` lists them workload by workload.';

/** The executable schema of the gateway, its fields in the order a reader would want them. */
export function createSchema(): GraphQLSchema {
  return new GraphQLSchema({ ...builder.toSchema({ sortSchema: false }).toConfig(), description: DESCRIPTION });
}

/** The schema as text, for `schema/gateway.graphql`. */
export function printSdl(schema: GraphQLSchema): string {
  return `${printSchema(schema)}\n`;
}
