// Example queries about one period. The line with "Change:" says what to adapt.

export const COST_OF_CLUSTERS = `# Welcome! Each tab answers one question.
# Run it with the play button, or with Ctrl-Enter.
# Ctrl-Space completes names; the book icon explains
# every field; the clock icon lists what you ran.
#
# What does each cluster cost?
# Change: multiCluster to false for the one cluster
# that ScaleOps runs in, or name some with
# clusters: ["prod-us-east-1"].
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
        # 0.25 is a quarter of the report.
        share
        savingsAvailable
      }
    }
  }
}
`;

export const BIGGEST_SAVINGS = `# Which workloads could cost less?
# Change: first for a longer list, last for another period.
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

export const COST_BY_TEAM = `# What does each team cost, and what has no team?
# Change: "team", here twice, to a label of your workloads.
query Teams {
  workloadCosts(filter: { multiCluster: true, last: "7d" }) {
    breakdown(by: [{ label: "team" }], first: 5) {
      groups {
        # The value null stands for workloads without the label.
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
      # All teams after the first five.
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

export const OPEN_ONE_TEAM = `# What is in a group of the breakdown by team?
# Change: values to other teams; [null] opens what has none.
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

export const PAGE_THROUGH = `# How do I show a long list page by page?
# Change: after, in the Variables below, to the endCursor
# of this page. That is the next page.
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

export const PAGE_THROUGH_VARIABLES = {
  where: { workloadTypes: ['Deployment', 'StatefulSet'], minTotalCost: 10 },
  first: 10,
  after: null,
};

export const ONE_WORKLOAD = `# What does one workload cost, this week and this month?
# Change: the names to a workload of yours.
query Workload {
  kubernetesWorkload(
    clusterName: "prod-us-east-1"
    namespace: "search"
    type: "Deployment"
    name: "suggest-inference"
  ) {
    # null where ScaleOps lists no such workload.
    week: cost(last: "7d") {
      totalCost
      savingsAvailable
      replicas
      # Of what its namespace costs.
      share
    }
    month: cost(last: "30d") {
      totalCost
    }
  }
}
`;

export const ERROR_ON_PURPOSE = `# What does an error look like? The first report comes, and
# the second one is null. In errors, path names the field,
# locations its line here, and message the way out.
# extensions.code tells programs what is wrong, and
# extensions.retryable whether to try again.
# Change: names to ["prod-us-east-1"], and it works.
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
