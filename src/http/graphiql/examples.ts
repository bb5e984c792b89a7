// The tabs that GraphiQL opens with: one for each question that people ask. They work at once, on any ScaleOps host.

import { CHANGED_BY_TEAM, COST_PER_DAY, MONTH_TO_DATE, NEW_AND_GONE } from './examples-over-time.js';
import {
  BIGGEST_SAVINGS,
  COST_BY_TEAM,
  COST_OF_CLUSTERS,
  ERROR_ON_PURPOSE,
  ONE_WORKLOAD,
  OPEN_ONE_TEAM,
  PAGE_THROUGH,
} from './examples-of-costs.js';

const PAGE_VARIABLES = {
  where: { workloadTypes: ['Deployment', 'StatefulSet'], minTotalCost: 10 },
  first: 10,
  after: null,
};

interface ExampleTab {
  /** The name of the operation, which is the title of the tab. */
  readonly name: string;
  readonly query: string;
  /** JSON. */
  readonly variables?: string;
}

/** In the order of the tabs. */
export const EXAMPLE_TABS: readonly ExampleTab[] = [
  { name: 'Clusters', query: COST_OF_CLUSTERS },
  { name: 'Savings', query: BIGGEST_SAVINGS },
  { name: 'Teams', query: COST_BY_TEAM },
  { name: 'OneTeam', query: OPEN_ONE_TEAM },
  { name: 'WhatChanged', query: CHANGED_BY_TEAM },
  { name: 'NewAndGone', query: NEW_AND_GONE },
  { name: 'PerDay', query: COST_PER_DAY },
  { name: 'MonthToDate', query: MONTH_TO_DATE },
  { name: 'Pages', query: PAGE_THROUGH, variables: JSON.stringify(PAGE_VARIABLES, null, 2) },
  { name: 'Workload', query: ONE_WORKLOAD },
  { name: 'ErrorOnPurpose', query: ERROR_ON_PURPOSE },
];
