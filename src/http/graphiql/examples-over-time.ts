// Example queries that compare periods. The line with "Change:" says what to adapt.

export const CHANGED_BY_TEAM = `# What changed since last week, by team? These seven days
# beside the seven before.
# Change: shift to MONTH_BEFORE, and last to another period.
query WhatChanged {
  aggregatedCosts(
    filter: {
      multiCluster: true
      timeRange: { last: "7d" }
      groupBy: { labels: ["team"] }
    }
  ) {
    comparison(with: { shift: PREVIOUS_PERIOD }) {
      totals {
        totalCost {
          baseline
          current
          difference
          ratio
        }
      }
      breakdown(by: [{ label: "team" }], first: 5) {
        groups {
          keys {
            value
          }
          kind
          totals {
            totalCost {
              difference
              ratio
            }
            # Less on-demand and more spot is cheaper.
            onDemandHours {
              difference
            }
            spotHours {
              difference
            }
          }
        }
        others {
          totalCost {
            difference
          }
        }
      }
    }
  }
}
`;

export const NEW_AND_GONE = `# Which workloads are new, which are gone, and which cost
# much more or less than in the seven days before?
# Change: kinds, or leave it out for all changes.
query NewAndGone {
  workloadCosts(filter: { multiCluster: true, last: "7d" }) {
    comparison {
      newAndGone: breakdown(
        by: [{ field: WORKLOAD_NAME }]
        kinds: [APPEARED, VANISHED]
        first: 10
      ) {
        groups {
          ...Change
        }
      }
      largest: breakdown(
        by: [{ label: "app" }, { field: NAMESPACE }]
        minDifference: 10
        first: 5
      ) {
        groups {
          ...Change
        }
      }
    }
  }
}

fragment Change on CostGroupChange {
  keys {
    value
  }
  kind
  totals {
    totalCost {
      baseline
      current
      difference
    }
  }
}
`;

export const COST_PER_DAY = `# What does each namespace cost per day, this month?
# The values of a series stand in the order of the days.
# Change: granularity to WEEKLY, and first for more lines.
query PerDay {
  costTimeSeries(
    filter: {
      multiCluster: true
      timeRange: { calendar: { unit: MONTH, includeCurrent: true } }
      groupBy: { namespace: true }
    }
    granularity: DAILY
  ) {
    intervals {
      window {
        startTime
      }
      # Today is not over yet.
      isPartial
    }
    series(by: [{ field: NAMESPACE }], first: 5) {
      series {
        keys {
          value
        }
        values
      }
      # All other namespaces, as one line.
      others {
        values
      }
    }
  }
}
`;

export const MONTH_TO_DATE = `# Do we spend more than last month? This month so far
# beside the same days of last month.
# Change: timeZone to yours, such as "Europe/Berlin".
query MonthToDate {
  aggregatedCosts(
    filter: {
      multiCluster: true
      timeRange: {
        calendar: { unit: MONTH, includeCurrent: true, timeZone: "UTC" }
      }
      groupBy: { cluster: true }
    }
  ) {
    window {
      startTime
      endTime
    }
    comparison {
      baselineWindow {
        startTime
        endTime
      }
      totals {
        totalCost {
          baseline
          current
          difference
          ratio
        }
      }
      breakdown(by: [{ field: CLUSTER }]) {
        groups {
          keys {
            value
          }
          totals {
            totalCost {
              difference
              ratio
            }
          }
        }
      }
    }
  }
}
`;
