// Loads the reports of clusters and namespaces for one operation. Everything wanted at the same time becomes as few calls
// as sensible, or none where a wider report is at hand, and is split again. Each part is what the upstream would have
// answered about that cluster or namespace alone.

import DataLoader from 'dataloader';

import { UpstreamError } from '../errors.js';
import { planCalls, type PlannedCall } from '../report/entities/plan-calls.js';
import { groupBy, type Group } from '../report/columns/group-by.js';
import type { WorkloadCostsRequest } from '../report/request.js';
import { createCoverage, toRootRequest, type EntityRequest } from '../report/entities/entity-request.js';
import { createLoadOnce } from './paced-results.js';
import type { OperationSteps, RunReportQuery } from './operation-steps.js';
import { toError, type LoadedReport, type ReportLoader } from './report-loader.js';

/** A report that may contain what is wanted. */
export interface SupersetReport {
  readonly request: WorkloadCostsRequest;
  /** Whether it has a row of this cluster. */
  hasCluster(name: string): boolean;
  /** Records that the report is used, and returns it. */
  use(): Omit<LoadedReport, 'request'> | Promise<Omit<LoadedReport, 'request'>>;
}

interface EntityLoaderOptions {
  readonly reports: ReportLoader;
  readonly runReportQuery: RunReportQuery;
  readonly whenIdle: OperationSteps['whenIdle'];
  /** Fresh reports related to `wanted`, best first. */
  readonly findSupersets: (wanted: Group<EntityRequest>) => Promise<readonly SupersetReport[]>;
  /** The same of any age, after ScaleOps failed with `fault`. */
  readonly findStaleSupersets: (
    wanted: Group<EntityRequest>,
    fault: UpstreamError,
  ) => Promise<readonly SupersetReport[]>;
}

export interface EntityReportLoader {
  /** The report of a cluster or namespace; null when the upstream has no row of it. Synchronous once it is there. */
  load(entityRequest: EntityRequest): LoadedReport | null | Promise<LoadedReport | null>;
}

type Results = Map<EntityRequest, LoadedReport | null | Error>;

export function createEntityLoader(options: EntityLoaderOptions): EntityReportLoader {
  const numberOf = createNumbering();
  const loadOnce = createLoadOnce<LoadedReport | null>();
  const loader = new DataLoader<EntityRequest, LoadedReport | null>(
    async (wanted) => {
      const results: Results = new Map();
      const groups = groupBy(wanted, ({ baseKey }) => baseKey).values();
      await Promise.all(
        Array.from(groups, (sameBase) =>
          loadSameBase(sameBase, options, results).catch((error: unknown) => {
            fail(sameBase, error, results);
          }),
        ),
      );
      return wanted.map((each) => results.get(each) ?? null);
    },
    {
      // `loadOnce` is the cache.
      cache: false,
      // After the reports that the operation asks for in the same turn have started: one of them may contain it all. And
      // after the rest of a long list has asked for its entities.
      batchScheduleFn: options.whenIdle,
    },
  );
  // Names that differ in case are different keys: ScaleOps does not document whether it minds case.
  const toKey = ({ baseKey, entity }: EntityRequest): string =>
    JSON.stringify([numberOf(baseKey), entity.clusterName, entity.namespace]);
  return { load: (wanted) => loadOnce(toKey(wanted), () => loader.load(wanted)) };
}

/** Loads the requests of one base. */
async function loadSameBase(
  sameBase: Group<EntityRequest>,
  options: EntityLoaderOptions,
  results: Results,
): Promise<void> {
  const [{ base }] = sameBase;
  const missing = await assignAll(sameBase, await options.findSupersets(sameBase), options, results);
  await Promise.all(planCalls(base, missing).map((call) => fetchCall(call, options, results)));
}

/** How often a call whose answer is too large is split in two. */
const MAX_SPLIT_DEPTH = 3;

async function fetchCall(
  { request, entityRequests: wanted }: PlannedCall,
  options: EntityLoaderOptions,
  results: Results,
  splitDepth = 0,
): Promise<void> {
  try {
    await assign(wanted, await options.reports.load(request), options, results);
  } catch (error) {
    const isTooLarge = error instanceof UpstreamError && error.code === 'UPSTREAM_RESPONSE_TOO_LARGE';
    if (isTooLarge && wanted.length > 1 && splitDepth < MAX_SPLIT_DEPTH) {
      // Each half may be small enough, and the client cannot know that we asked for all of them in one call.
      const middle = Math.ceil(wanted.length / 2);
      const halves = [wanted.slice(0, middle), wanted.slice(middle)].flatMap((half) => planCalls(wanted[0].base, half));
      await Promise.all(halves.map((half) => fetchCall(half, options, results, splitDepth + 1)));
      return;
    }
    const mayBeStale = error instanceof UpstreamError && error.allowsStale;
    const older = mayBeStale ? await options.findStaleSupersets(wanted, error) : [];
    // Other calls of the same batch may succeed.
    fail(await assignAll(wanted, older, options, results), error, results);
  }
}

/** Answers from these reports what they contain. @returns what they do not. */
async function assignAll(
  wanted: readonly EntityRequest[],
  reports: readonly SupersetReport[],
  options: EntityLoaderOptions,
  results: Results,
): Promise<readonly EntityRequest[]> {
  let missing = wanted;
  for (const superset of reports) {
    if (missing.length === 0) break;
    const covered = missing.filter(createCoverage(superset.request, superset));
    if (covered.length === 0) continue;
    await assign(covered, await superset.use(), options, results);
    missing = missing.filter((each) => !results.has(each));
  }
  return missing;
}

/** Splits a report into the parts that are wanted. */
async function assign(
  wanted: readonly EntityRequest[],
  whole: Omit<LoadedReport, 'request'>,
  { runReportQuery }: EntityLoaderOptions,
  results: Results,
): Promise<void> {
  const entities = wanted.map(({ entity }) => entity);
  const parts = await runReportQuery(whole.report, { rows: 1 }, whole.report.split(entities));
  for (const each of wanted) {
    const report = parts.get(each.entity) ?? null;
    // With the request that a root query would make, so that its cursors are the same.
    results.set(each, report && { ...whole, report, request: toRootRequest(each), entityRequest: each });
  }
}

function fail(wanted: readonly EntityRequest[], error: unknown, results: Results): void {
  for (const each of wanted) results.set(each, toError(error));
}

/** Numbers long texts: a base may list 1,000 names, and be combined with 1,000 entities. */
function createNumbering(): (text: string) => number {
  const numbers = new Map<string, number>();
  return (text) => {
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  };
}
