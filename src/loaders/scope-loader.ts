// Loads the reports of clusters and namespaces for one request. All that is asked for together becomes the fewest calls
// that answer it sensibly, or none where a wider report is at hand, and is split again. A part is what the upstream would
// have answered about it alone, wherever it was cut from.

import DataLoader from 'dataloader';

import { planCalls } from '../report/batch.js';
import { groupBy, type Group } from '../report/group-by.js';
import type { Report } from '../report/report.js';
import type { WorkloadCostsRequest } from '../report/request.js';
import { createCoverage, toScopeRequest, type ScopedRequest } from '../report/scope.js';
import { toError, type LoadedReport, type ReportLoader } from './report-loader.js';

/** A report that may have what is asked for. */
export interface WiderReport {
  readonly request: WorkloadCostsRequest;
  readonly report: Report;
  /** To be called when it is made use of. */
  take(): Omit<LoadedReport, 'request'>;
}

export interface ScopeLoaderOptions {
  readonly reports: ReportLoader;
  /** Reports at hand that are like the answer to `base`, but for clusters and namespaces; the best ones first. */
  readonly findWider: (base: WorkloadCostsRequest) => Promise<readonly WiderReport[]>;
}

/** The report of a scope; null where the upstream has no row of it. */
export type ScopeLoader = DataLoader<ScopedRequest, LoadedReport | null, string>;

type Results = Map<ScopedRequest, LoadedReport | null | Error>;

export function createScopeLoader(options: ScopeLoaderOptions): ScopeLoader {
  const numberOf = createNumbering();
  return new DataLoader(
    async (wanted) => {
      const results: Results = new Map();
      const families = groupBy(wanted, ({ baseKey }) => baseKey).values();
      await Promise.all(
        Array.from(families, (alike) =>
          loadAlike(alike, options, results).catch((error: unknown) => {
            fail(alike, error, results);
          }),
        ),
      );
      return wanted.map((each) => results.get(each) ?? null);
    },
    // Names in another case are asked for as well: whether ScaleOps minds case is not documented.
    { cacheKeyFn: ({ baseKey, scope }) => JSON.stringify([numberOf(baseKey), scope.clusterName, scope.namespace]) },
  );
}

/** Loads scoped requests of one base. */
async function loadAlike(
  alike: Group<ScopedRequest>,
  { reports, findWider }: ScopeLoaderOptions,
  results: Results,
): Promise<void> {
  const [{ base }] = alike;
  let rest: readonly ScopedRequest[] = alike;
  for (const { request, report, take } of await findWider(base)) {
    const own = rest.filter(createCoverage(request, report));
    if (own.length === 0) continue;
    share(own, take(), results);
    rest = rest.filter((wanted) => !results.has(wanted));
  }
  await Promise.all(
    planCalls(base, rest).map(async ({ request, scoped }) => {
      try {
        share(scoped, await reports.load(request), results);
      } catch (error) {
        // The others of the same page are none the worse for it.
        fail(scoped, error, results);
      }
    }),
  );
}

function share(own: readonly ScopedRequest[], whole: Omit<LoadedReport, 'request'>, results: Results): void {
  const parts = whole.report.split(own.map(({ scope }) => scope));
  for (const wanted of own) {
    const report = parts.get(wanted.scope) ?? null;
    // As the answer to a request of its own: its cursors are those of a root query for it.
    results.set(wanted, report && { ...whole, report, request: toScopeRequest(wanted) });
  }
}

function fail(own: readonly ScopedRequest[], error: unknown, results: Results): void {
  for (const wanted of own) results.set(wanted, toError(error));
}

/** Short names for long texts: a base may list 1,000 names, and be asked about 1,000 scopes. */
function createNumbering(): (text: string) => number {
  const numbers = new Map<string, number>();
  return (text) => {
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  };
}
