// Example queries that compare periods. The line with "Change:" says what to adapt.

export const CHANGED_BY_TEAM = `# What changed, by team? The
# last 7 days beside the 7
# days before.
# Change: last to "30d", and
# shift to YEAR_BEFORE.
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
            # spot: cheaper
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

export const NEW_AND_GONE = `# What is new, what is gone,
# and what costs much more or
# less than 7 days before?
# Change: "app", 3 times, to
# the label of your apps.
query NewAndGone {
  aggregatedCosts(
    filter: {
      multiCluster: true
      timeRange: { calendar: { unit: DAY, count: 7 } }
      groupBy: { cluster: true, namespace: true, labels: ["app"] }
    }
  ) {
    comparison {
      newAndGone: breakdown(
        by: [{ label: "app" }, { field: NAMESPACE }, { field: CLUSTER }]
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

export const COST_PER_DAY = `# What does each namespace
# cost per day, this month?
# Values are in the order of
# days; null: no report.
# Change: timeZone, twice, to
# yours, as "Europe/Berlin".
query PerDay {
  costTimeSeries(
    filter: {
      multiCluster: true
      timeRange: {
        calendar: { unit: MONTH, includeCurrent: true, timeZone: "UTC" }
      }
      groupBy: { namespace: true }
    }
    granularity: DAILY
    timeZone: "UTC"
  ) {
    # Today is not over.
    isComplete
    intervals {
      window {
        startTime
      }
      isPartial
    }
    series(by: [{ field: NAMESPACE }], first: 5) {
      series {
        keys {
          value
        }
        values
      }
      # All others as one.
      others {
        values
      }
    }
  }
}
`;

export const MONTH_TO_DATE = `# Do we spend more than last
# month? This month so far
# beside the same days then.
# Change: timeZone to yours,
# such as "Europe/Berlin".
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
