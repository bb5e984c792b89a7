// A hand-written server for exactly these two questions, without GraphQL: it projects the cached report as text.

import { loadReport, serve, toPage } from './report.mjs';

const PROJECTIONS = {
  Small: ({ clusterName, namespace, workloadName, workloadType, totalCost, savingsAvailable }) => ({
    clusterName,
    namespace,
    workloadName,
    workloadType,
    totalCost,
    savingsAvailable,
  }),
  Page: (row) => ({
    clusterName: row.clusterName,
    namespace: row.namespace,
    workloadName: row.workloadName,
    workloadType: row.workloadType,
    totalCost: row.totalCost,
    savingsAvailable: row.savingsAvailable,
    hourlyCost: row.hourlyCost,
    replicas: row.replicas,
  }),
};

export async function answer(text) {
  const { operationName, variables } = JSON.parse(text);
  const { totalCount, nodes } = toPage(await loadReport(variables.filter), variables);
  return JSON.stringify({
    data: { workloadCosts: { rows: { totalCount, nodes: nodes.map(PROJECTIONS[operationName]) } } },
  });
}

if (process.argv[1] === import.meta.filename) serve(answer);
