// Example queries about one period. The line with "Change:" says what to adapt.

export const COST_OF_CLUSTERS = `# Welcome! Each tab answers
# one question. Run it with
# the button, or Ctrl-Enter.
# Ctrl-Space completes names.
# The book explains fields.
# The clock lists past runs.
#
# What do the clusters cost?
# Change: multiCluster: false
# is ScaleOps' own cluster.
# clusters: [...] names some.
query Clusters {
  aggregatedCosts(
    filter: {
      multiCluster: true
      timeRange: { last: "7d" }
      groupBy: { cluster: true }
    }
  ) {
    window {
      startTime
      endTime
    }
    totals {
      totalCost
    }
    rows(orderBy: [{ field: TOTAL_COST }]) {
      nodes {
        clusterName
        totalCost
        # 0.25: a quarter.
        share
        savingsAvailable
      }
    }
  }
}
`;

export const BIGGEST_SAVINGS = `# Which workloads could cost
# less? ScaleOps does not say
# the period of savings.
# Change: first for a longer
# list, last for the period.
query Savings {
  workloadCosts(filter: { multiCluster: true, last: "7d" }) {
    totals {
      totalCost
      savingsAvailable
    }
    rows(orderBy: [{ field: SAVINGS_AVAILABLE }], first: 10) {
      nodes {
        clusterName
        namespace
        workloadType
        workloadName
        totalCost
        savingsAvailable
        replicas
        spotPercent
      }
    }
  }
}
`;

export const COST_BY_TEAM = `# What does each team cost,
# and what has no team?
# Change: "team", twice, to a
# label of your workloads.
query Teams {
  workloadCosts(filter: { multiCluster: true, last: "7d" }) {
    breakdown(by: [{ label: "team" }], first: 5) {
      groups {
        # null: no label
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
      # After the first 5.
      others {
        totalCost
      }
      groupCount
    }
    withoutTeam: totals(
      where: { dimensions: [{ by: { label: "team" }, values: [null] }] }
    ) {
      rowCount
      totalCost
    }
  }
}
`;

export const OPEN_ONE_TEAM = `# What is in a group of the
# breakdown by team?
# Change: values to others.
# [null] is what has no team.
query OneTeam {
  workloadCosts(filter: { multiCluster: true, last: "7d" }) {
    rows(
      where: { dimensions: [{ by: { label: "team" }, values: ["search"] }] }
      orderBy: [{ field: TOTAL_COST }]
      first: 10
    ) {
      totalCount
      nodes {
        clusterName
        namespace
        workloadName
        app: label(key: "app")
        totalCost
        savingsAvailable
      }
    }
  }
}
`;

export const PAGE_THROUGH = `# How do I show a long list
# page by page?
# Change: after, in Variables
# below, to this endCursor.
# That is the next page.
query Pages($where: CostRowsWhere, $first: Int!, $after: String) {
  workloadCosts(filter: { multiCluster: true, last: "30d" }) {
    # The sum of all pages.
    totals(where: $where) {
      rowCount
      totalCost
    }
    rows(
      where: $where
      orderBy: [{ field: TOTAL_COST }]
      first: $first
      after: $after
    ) {
      nodes {
        clusterName
        namespace
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

export const ONE_WORKLOAD = `# What does one workload cost
# in 7 days, and in 30?
# Change: the names to those
# of a workload of yours.
query Workload {
  kubernetesWorkload(
    clusterName: "prod-us-east-1"
    namespace: "search"
    type: "Deployment"
    name: "suggest-inference"
  ) {
    # null: not in ScaleOps
    last7d: cost(last: "7d") {
      totalCost
      savingsAvailable
      replicas
      # Of its namespace.
      share
    }
    last30d: cost(last: "30d") {
      totalCost
    }
  }
}
`;

export const ERROR_ON_PURPOSE = `# What does an error look
# like? The first report
# comes, the second is null.
# message says the way out,
# code and retryable are for
# programs.
# Change: names: [] to
# ["prod-us-east-1"].
query ErrorOnPurpose {
  works: workloadCosts(filter: { multiCluster: true, last: "7d" }) {
    totals {
      totalCost
    }
  }
  fails: workloadCosts(filter: { clusters: { names: [] }, last: "7d" }) {
    totals {
      totalCost
    }
  }
}
`;
