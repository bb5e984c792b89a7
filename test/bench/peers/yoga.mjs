// Yoga and Pothos in their usual form. ANSWER_CACHE=on enables Yoga's response cache.

import { createServer } from 'node:http';
import SchemaBuilder from '@pothos/core';
import { useResponseCache } from '@graphql-yoga/plugin-response-cache';
import { createYoga } from 'graphql-yoga';

import { loadReport, toPage } from './report.mjs';

const builder = new SchemaBuilder({});

const Row = builder.objectRef('CostRow').implement({
  fields: (t) => ({
    clusterName: t.exposeString('clusterName', { nullable: true }),
    namespace: t.exposeString('namespace', { nullable: true }),
    workloadName: t.exposeString('workloadName', { nullable: true }),
    workloadType: t.exposeString('workloadType', { nullable: true }),
    totalCost: t.exposeFloat('totalCost', { nullable: true }),
    hourlyCost: t.exposeFloat('hourlyCost', { nullable: true }),
    savingsAvailable: t.exposeFloat('savingsAvailable', { nullable: true }),
    replicas: t.exposeFloat('replicas', { nullable: true }),
  }),
});
const Rows = builder.objectRef('CostRowConnection').implement({
  fields: (t) => ({
    nodes: t.field({ type: [Row], resolve: ({ nodes }) => nodes }),
    totalCount: t.exposeInt('totalCount'),
  }),
});
const Where = builder.inputType('CostRowsWhere', { fields: (t) => ({ minTotalCost: t.float() }) });
const Report = builder.objectRef('CostReport').implement({
  fields: (t) => ({
    rows: t.field({
      type: Rows,
      args: { where: t.arg({ type: Where }), first: t.arg.int() },
      resolve: ({ all }, args) => toPage(all, args),
    }),
  }),
});
const Names = builder.inputType('CostNameFilter', { fields: (t) => ({ names: t.stringList({ required: true }) }) });
const Filter = builder.inputType('WorkloadCostsFilter', {
  fields: (t) => ({ multiCluster: t.boolean(), namespaces: t.field({ type: Names }) }),
});
builder.queryType({
  fields: (t) => ({
    workloadCosts: t.field({
      type: Report,
      nullable: true,
      args: { filter: t.arg({ type: Filter }) },
      resolve: async (_source, { filter }) => ({ all: await loadReport(filter) }),
    }),
  }),
});

const plugins = process.env.ANSWER_CACHE === 'on' ? [useResponseCache({ session: () => null })] : [];
createServer(createYoga({ schema: builder.toSchema(), plugins, logging: false })).listen(
  Number(process.env.PORT),
  '127.0.0.1',
);
