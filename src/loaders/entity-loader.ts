// Loads the reports of clusters and namespaces for one request. All that is asked for together becomes the fewest calls
// that answer it sensibly, or none where a wider report is at hand, and is split again. A part is what the upstream would
// have answered about it alone, wherever it was cut from.

import DataLoader from 'dataloader';

import { UpstreamError } from '../errors.js';
import { planCalls, type PlannedCall } from '../report/scopes/plan-calls.js';
import { groupBy, type Group } from '../report/columns/group-by.js';
import type { WorkloadCostsRequest } from '../report/request.js';
import { createCoverage, toScopeRequest, type ScopedRequest } from '../report/scopes/scope.js';
import { runAll } from '../report/steps.js';
import { toError, type LoadedReport, type ReportLoader } from './report-loader.js';

/** A report that may have what is asked for. */
export interface WiderReport {
  readonly request: WorkloadCostsRequest;
  /** Whether there is a row of this cluster in it. */
  hasCluster(name: string): boolean;
  /** To be called when it is made use of. */
  take(): Omit<LoadedReport, 'request'>;
}

export interface ScopeLoaderOptions {
  readonly reports: ReportLoader;
  /** Reports at hand that are like the answers to these, but for clusters and namespaces; the best ones first. */
  readonly findWider: (wanted: Group<ScopedRequest>) => Promise<readonly WiderReport[]>;
  /** The same when ScaleOps fails, however old they are. */
  readonly findOlder: (wanted: Group<ScopedRequest>, fault: UpstreamError) => Promise<readonly WiderReport[]>;
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
    {
      cacheKeyFn: ({ baseKey, scope }) => JSON.stringify([numberOf(baseKey), scope.clusterName, scope.namespace]),
      // After the reports that are asked for at the same time have begun: one of them may have it all.
      batchScheduleFn: (dispatch) => setImmediate(dispatch),
    },
  );
}

/** Loads scoped requests of one base. */
async function loadAlike(alike: Group<ScopedRequest>, options: ScopeLoaderOptions, results: Results): Promise<void> {
  const [{ base }] = alike;
  const rest = shareAll(alike, await options.findWider(alike), results);
  await Promise.all(planCalls(base, rest).map((call) => fetchCall(call, options, results)));
}

/** How often a call whose answer is too large is made again by halves. */
const MAX_HALVINGS = 3;

async function fetchCall(
  { request, scoped }: PlannedCall,
  options: ScopeLoaderOptions,
  results: Results,
  halvings = 0,
): Promise<void> {
  try {
    share(scoped, await options.reports.load(request), results);
  } catch (error) {
    const isTooLarge = error instanceof UpstreamError && error.code === 'UPSTREAM_RESPONSE_TOO_LARGE';
    if (isTooLarge && scoped.length > 1 && halvings < MAX_HALVINGS) {
      // Each may well be small enough alone, and nobody who asks for several could know.
      const middle = Math.ceil(scoped.length / 2);
      const halves = [scoped.slice(0, middle), scoped.slice(middle)].flatMap((half) => planCalls(scoped[0].base, half));
      await Promise.all(halves.map((half) => fetchCall(half, options, results, halvings + 1)));
      return;
    }
    const older = error instanceof UpstreamError && error.allowsStale ? await options.findOlder(scoped, error) : [];
    // The others of the same page are none the worse for it.
    fail(shareAll(scoped, older, results), error, results);
  }
}

/** Answers from these reports what they have. The rest is given back. */
function shareAll(
  wanted: readonly ScopedRequest[],
  reports: readonly WiderReport[],
  results: Results,
): readonly ScopedRequest[] {
  let rest = wanted;
  for (const wider of reports) {
    if (rest.length === 0) break;
    const covers = createCoverage(wider.request, wider);
    const own = rest.filter(covers);
    if (own.length === 0) continue;
    share(own, wider.take(), results);
    rest = rest.filter((each) => !results.has(each));
  }
  return rest;
}

function share(own: readonly ScopedRequest[], whole: Omit<LoadedReport, 'request'>, results: Results): void {
  const parts = runAll(whole.report.split(own.map(({ scope }) => scope)));
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
