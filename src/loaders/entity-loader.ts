// Loads the reports of clusters and namespaces for one operation. The entities that are requested at the same time are
// combined into few calls, or taken from related reports that contain them, and then split again. The result for each
// entity is what the upstream would have returned for it alone.

import DataLoader from 'dataloader';

import type { ReportLookup } from '../cache/report-lookup.js';
import { UpstreamError } from '../errors.js';
import { planCalls, type PlannedCall } from '../report/entities/plan-calls.js';
import { groupBy, type Group } from '../report/columns/group-by.js';
import { createCoverage, toRootRequest, type EntityRequest } from '../report/entities/entity-request.js';
import type { RelatedReport } from './authorized-reports.js';
import { createLoadOnce } from './paced-results.js';
import type { OperationRunner } from './operation-runner.js';
import { toError, type LoadedReport, type ReportLoader } from './report-loader.js';

interface EntityLoaderOptions {
  readonly reports: Pick<ReportLoader, 'load'>;
  readonly runner: OperationRunner;
  /** Finds fresh reports that may contain the entities, best first. */
  readonly findRelated: (requests: Group<EntityRequest>) => Promise<readonly RelatedReport[]>;
  /** The same for stale reports, after ScaleOps failed with `fault`. */
  readonly findStaleRelated: (
    requests: Group<EntityRequest>,
    fault: UpstreamError,
  ) => Promise<readonly RelatedReport[]>;
}

export interface EntityReportLoader {
  /** The report of a cluster or namespace; null when the upstream has no row of it. Synchronous once it is loaded. */
  load(entityRequest: EntityRequest): LoadedReport | null | Promise<LoadedReport | null>;
}

interface Batch extends EntityLoaderOptions {
  readonly results: Map<EntityRequest, LoadedReport | null | Error>;
}

/** How often a call is split in two because its response is too large. */
const MAX_SPLIT_DEPTH = 3;

export function createEntityLoader(options: EntityLoaderOptions): EntityReportLoader {
  /** Base keys may be long, and are combined with up to 1,000 entities. */
  const baseNumbers = new Map<string, number>();
  // Names that differ in case are different keys: ScaleOps does not document whether it ignores case.
  const toKey = ({ baseKey, entity }: EntityRequest): string => {
    const baseNumber = baseNumbers.get(baseKey) ?? baseNumbers.size;
    baseNumbers.set(baseKey, baseNumber);
    return JSON.stringify([baseNumber, entity.clusterName, entity.namespace]);
  };
  const loadOnce = createLoadOnce<LoadedReport | null>();
  const loader = new DataLoader<EntityRequest, LoadedReport | null>(
    async (requests) => {
      const batch: Batch = { ...options, results: new Map() };
      const groups = [...groupBy(requests, ({ baseKey }) => baseKey).values()];
      await Promise.all(groups.map((group) => loadGroup(group, batch)));
      return requests.map((request) => batch.results.get(request) ?? null);
    },
    {
      // `loadOnce` is the cache.
      cache: false,
      // After the other reports of the operation have started, because they may contain the entities, and after the rest
      // of a long list has requested its entities.
      batchScheduleFn: options.runner.whenIdle,
    },
  );
  return { load: (request) => loadOnce(toKey(request), () => loader.load(request)) };
}

/** Loads requests with the same base. */
async function loadGroup(requests: Group<EntityRequest>, batch: Batch): Promise<void> {
  try {
    const missing = await assignFrom(await batch.findRelated(requests), requests, batch);
    await Promise.all(planCalls(requests[0].base, missing).map((call) => fetchCall(call, batch)));
  } catch (error) {
    fail(requests, error, batch);
  }
}

async function fetchCall({ request, entityRequests }: PlannedCall, batch: Batch, splitDepth = 0): Promise<void> {
  try {
    await assign(await batch.reports.load(request), entityRequests, batch);
  } catch (error) {
    const isTooLarge = error instanceof UpstreamError && error.code === 'UPSTREAM_RESPONSE_TOO_LARGE';
    if (isTooLarge && entityRequests.length > 1 && splitDepth < MAX_SPLIT_DEPTH) {
      // Each half may be small enough, and the client cannot know that the entities share a call.
      const middle = Math.ceil(entityRequests.length / 2);
      const halves = [entityRequests.slice(0, middle), entityRequests.slice(middle)];
      const calls = halves.flatMap((half) => planCalls(entityRequests[0].base, half));
      await Promise.all(calls.map((call) => fetchCall(call, batch, splitDepth + 1)));
      return;
    }
    const mayBeStale = error instanceof UpstreamError && error.allowsStale;
    const stale = mayBeStale ? await batch.findStaleRelated(entityRequests, error) : [];
    // Other calls of the same batch may succeed.
    fail(await assignFrom(stale, entityRequests, batch), error, batch);
  }
}

/** Assigns the entities that these reports contain. @returns the requests of the others. */
async function assignFrom(
  reports: readonly RelatedReport[],
  requests: readonly EntityRequest[],
  batch: Batch,
): Promise<readonly EntityRequest[]> {
  let missing = requests;
  for (const related of reports) {
    if (missing.length === 0) break;
    const covered = missing.filter(createCoverage(related.request, related));
    if (covered.length === 0) continue;
    await assign(await related.use(), covered, batch);
    missing = missing.filter((request) => !batch.results.has(request));
  }
  return missing;
}

/** Splits a report by the entities, and makes the parts their results. */
async function assign(
  lookup: LoadedReport | ReportLookup,
  requests: readonly EntityRequest[],
  { runner, results }: Batch,
): Promise<void> {
  const query = lookup.report.split(requests.map(({ entity }) => entity));
  const parts = await runner.runReportQuery(lookup.report, { rows: 1 }, query);
  for (const entityRequest of requests) {
    const report = parts.get(entityRequest.entity) ?? null;
    // With the request that a root query would make, so that its cursors are the same.
    results.set(entityRequest, report && { ...lookup, report, request: toRootRequest(entityRequest), entityRequest });
  }
}

function fail(requests: readonly EntityRequest[], error: unknown, { results }: Batch): void {
  for (const request of requests) results.set(request, toError(error));
}
