// The queries of a dashboard: two windows, with and without a filter, two widgets on one report, and pages.

const PAGE = `totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges {
        cursor
        node {
          id scaleOpsId workloadName totalCost share isStale
          window { startTime endTime hours state }
          kubernetesWorkload { id name }
        }
      }`;

/** The names begin with the name of their file, because Relay's compiler requires it. */
export const TABLE = `query dashboardTableQuery($filter: WorkloadCostsFilter, $where: CostRowsWhere) {
  workloadCosts(filter: $filter) {
    id
    window { startTime endTime hours state }
    totals(where: $where) { rowCount totalCost }
    rows(where: $where, orderBy: [{ field: TOTAL_COST }], first: 8) {
      ${PAGE}
    }
  }
}`;

/** Two windows in one response. */
export const WEEK_AND_MONTH = `query dashboardWeekAndMonthQuery {
  week: workloadCosts(filter: { last: "7d" }) {
    id
    rows(orderBy: [{ field: WORKLOAD_NAME }], first: 8) { edges { cursor node { id workloadName totalCost share } } }
  }
  month: workloadCosts(filter: { last: "30d" }) {
    id
    rows(orderBy: [{ field: WORKLOAD_NAME }], first: 8) { edges { cursor node { id workloadName totalCost share } } }
  }
}`;

/** Another widget on the report of a table. */
export const TEAMS = `query dashboardTeamsQuery($filter: WorkloadCostsFilter) {
  workloadCosts(filter: $filter) {
    id
    asOf
    breakdown(by: [{ label: "team" }], first: 3) { groupCount groups { share keys { dimension value } } }
  }
}`;

/** Lists of one report and one order that differ in length or end. The last one selects no edges. */
export const LISTS = `query dashboardListsQuery($filter: WorkloadCostsFilter) {
  workloadCosts(filter: $filter) {
    id
    one: rows(orderBy: [{ field: NAMESPACE, direction: ASC }], first: 1) {
      ${PAGE}
    }
    four: rows(orderBy: [{ field: NAMESPACE, direction: ASC }], first: 4) {
      ${PAGE}
    }
    lastTwo: rows(orderBy: [{ field: NAMESPACE, direction: ASC }], last: 2) {
      ${PAGE}
    }
    three: rows(orderBy: [{ field: NAMESPACE, direction: ASC }], first: 3) { nodes { id workloadName } }
  }
}`;

/** @param connection Relay's directive, or nothing. */
export const toPages = (
  connection: string,
) => `query dashboardPagesQuery($filter: WorkloadCostsFilter, $first: Int, $after: String) {
  workloadCosts(filter: $filter) {
    id
    rows(orderBy: [{ field: NAMESPACE, direction: ASC }], first: $first, after: $after)${connection} {
      ${PAGE}
    }
  }
}`;

const WEEK = { last: '7d' };
const MONTH = { last: '30d' };
const CHECKOUT = { namespaces: { names: ['checkout'] } };

export interface Query {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export const QUERIES: readonly Query[] = [
  { query: TABLE, variables: { filter: WEEK } },
  { query: TABLE, variables: { filter: MONTH } },
  { query: TABLE, variables: { filter: { ...WEEK, ...CHECKOUT } } },
  { query: TABLE, variables: { filter: { ...MONTH, ...CHECKOUT } } },
  { query: TABLE, variables: { filter: WEEK, where: { search: 'api' } } },
  { query: WEEK_AND_MONTH, variables: {} },
  { query: TEAMS, variables: { filter: WEEK } },
  { query: LISTS, variables: { filter: WEEK } },
];

/** The reports that are read page by page. */
export const PAGED: readonly Query['variables'][] = [{ filter: WEEK }, { filter: MONTH }];
