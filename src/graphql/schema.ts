// The whole schema: each import adds its types to the builder.

import { GraphQLSchema, printSchema } from 'graphql';

import { builder } from './builder.js';
import './scalars.js';
import './report.js';
import './rows.js';
import './totals.js';
import './breakdown.js';

const DESCRIPTION =
  'What Kubernetes clusters cost. The figures are from the reports of ScaleOps, a service that watches clusters, sizes ' +
  'their workloads and works out what they cost and could save. Start at `Query`: `aggregatedCosts` adds costs up by ' +
  'cluster, namespace or label, `workloadCosts` lists them workload by workload (a workload is a Deployment, a ' +
  'StatefulSet and so on). Either answers with a `CostReport`, which has rows, totals and breakdowns.';

/** The executable schema of the gateway, its fields in the order a reader would want them. */
export function createSchema(): GraphQLSchema {
  return new GraphQLSchema({ ...builder.toSchema({ sortSchema: false }).toConfig(), description: DESCRIPTION });
}

/** The schema as text, for `schema/gateway.graphql`. */
export function printSdl(schema: GraphQLSchema): string {
  return `${printSchema(schema)}\n`;
}
