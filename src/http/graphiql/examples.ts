// The tabs that GraphiQL opens with: queries that work at once and show what there is to ask.

interface ExampleTab {
  readonly query: string;
  readonly variables?: string;
}

const FIRST = `# Welcome! Ask the ScaleOps cost reports what you
# want to know, and only that.
#
# - Run this with the button, or with Ctrl-Enter.
# - Ctrl-Space completes names as you type.
# - The book icon on the left explains every field.
# - The other tabs hold more examples.

query CostByNamespace {
  # The aggregated report adds costs up by group:
  # here, one row for each namespace of each cluster.
  aggregatedCosts(
    filter: {
      # or between: { from: "2026-01-01T00:00:00Z", to: ... }
      timeRange: { last: "7d" }
      groupBy: { cluster: true, namespace: true }
    }
  ) {
    # the time the costs are of
    window {
      startTime
      endTime
    }
    # when ScaleOps gave the report; it is cached for a while
    asOf
    rows(orderBy: [{ field: TOTAL_COST }]) {
      totalCount
      nodes {
        clusterName
        namespace
        # in the currency ScaleOps is set to
        totalCost
        # of the whole report: 0.25 is a quarter
        share
        savingsAvailable
      }
    }
  }
}
`;

const TOP_SAVINGS = `# The workload report has one row for each Deployment,
# StatefulSet and so on. Here: the ten where most could
# be saved.
query TopSavings {
  workloadCosts(filter: { multiCluster: true, last: "7d" }) {
    rows(orderBy: [{ field: SAVINGS_AVAILABLE, direction: DESC }], first: 10) {
      totalCount
      nodes {
        clusterName
        namespace
        workloadType
        workloadName
        savingsAvailable
        totalCost
        replicas
        spotPercent
        ownerLabels {
          key
          value
        }
      }
    }
  }
}
`;

const BOTH_REPORTS = `# Both reports in one question, each under a name of
# its own. If one fails, the other still comes.
query BothReports {
  byTeam: aggregatedCosts(filter: { multiCluster: true, groupBy: { labels: ["team"] } }) {
    rows(orderBy: [{ field: TOTAL_COST }]) {
      nodes {
        labels {
          key
          value
        }
        amountOfWorkloads
        totalCost
        share
      }
    }
  }
  databases: workloadCosts(filter: { multiCluster: true, workloadTypes: { names: ["StatefulSet"] } }) {
    rows(orderBy: [{ field: TOTAL_COST }], first: 5) {
      nodes {
        clusterName
        namespace
        workloadName
        totalCost
      }
    }
  }
}
`;

const COST_BY_TEAM = `# What each team costs: the gateway adds the workloads
# up by the value of a label. \`others\` are the teams past
# the first five; a null value is what has no such label.
query CostByTeam {
  workloadCosts(filter: { multiCluster: true, last: "30d" }) {
    breakdown(by: [{ label: "team" }], first: 5) {
      groupCount
      groups {
        keys {
          value
        }
        share
        totals {
          totalCost
          savingsAvailable
          spotPercent
        }
      }
      others {
        rowCount
        totalCost
      }
      totals {
        totalCost
      }
    }
  }
}
`;

const TABLE_PAGE = `# A page of a table, with the total of all its pages.
# The variables are in the editor below: give \`after\` the
# endCursor of this page to see the next one.
query TablePage($filter: WorkloadCostsFilter, $where: CostRowsWhere, $first: Int!, $after: String) {
  workloadCosts(filter: $filter) {
    totals(where: $where) {
      rowCount
      totalCost
    }
    rows(where: $where, orderBy: [{ field: TOTAL_COST }], first: $first, after: $after) {
      nodes {
        clusterName
        namespace
        workloadType
        workloadName
        totalCost
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`;

const TABLE_PAGE_VARIABLES = {
  filter: {
    multiCluster: true,
    last: '30d',
    namespaces: { names: ['kube-system', 'monitoring'], exclude: true },
    labels: { labels: [{ key: 'env', value: 'production' }], operator: 'AND' },
  },
  where: { search: 'api', minTotalCost: 10 },
  first: 10,
  after: null,
};

const MONTH_BESIDE_WEEK = `# What the dearest workloads of the week cost in the month, and what
# the whole of their clusters does: one more call to ScaleOps for each
# time, however many workloads there are.
query MonthBesideWeek {
  workloadCosts(filter: { multiCluster: true, last: "7d" }) {
    rows(orderBy: [{ field: TOTAL_COST }], first: 5) {
      nodes {
        workloadName
        totalCost
        kubernetesWorkload {
          month: cost(last: "30d") {
            totalCost
            share # of what its namespace costs
          }
        }
        kubernetesCluster {
          name
          costs(filter: { last: "7d" }) {
            totals {
              totalCost
            }
          }
        }
      }
    }
  }
}
`;

/** In the order of the tabs. */
export const EXAMPLE_TABS: ExampleTab[] = [
  { query: FIRST },
  { query: TOP_SAVINGS },
  { query: COST_BY_TEAM },
  { query: TABLE_PAGE, variables: JSON.stringify(TABLE_PAGE_VARIABLES, null, 2) },
  { query: BOTH_REPORTS },
  { query: MONTH_BESIDE_WEEK },
];
