// The part of the gateway's schema that the questions use, with resolvers, for the peers that take SDL.

import { loadReport, toPage } from './report.mjs';

export const typeDefs = `
  type Query { workloadCosts(filter: WorkloadCostsFilter): CostReport }
  type CostReport { rows(where: CostRowsWhere, first: Int): CostRowConnection! }
  type CostRowConnection { nodes: [CostRow!]! totalCount: Int! }
  type CostRow {
    clusterName: String
    namespace: String
    workloadName: String
    workloadType: String
    totalCost: Float
    hourlyCost: Float
    savingsAvailable: Float
    replicas: Float
  }
  input WorkloadCostsFilter { multiCluster: Boolean namespaces: CostNameFilter }
  input CostNameFilter { names: [String!]! }
  input CostRowsWhere { minTotalCost: Float }
`;

export const resolvers = {
  Query: { workloadCosts: async (_source, { filter }) => ({ all: await loadReport(filter) }) },
  CostReport: { rows: ({ all }, args) => toPage(all, args) },
};
