// Loads the reports of clusters and namespaces for one operation. Everything wanted at the same time becomes as few calls
// as sensible, or none where a wider report is at hand, and is split again. Each part is what the upstream would have
// answered about that cluster or namespace alone.

import DataLoader from 'dataloader';

import type { ReportLookup } from '../cache/report-lookup.js';
import { UpstreamError } from '../errors.js';
import { groupBy, type Group } from '../report/columns/group-by.js';
import type { WorkloadCostsRequest } from '../report/request.js';
import { planCalls, type PlannedCall } from '../report/scopes/plan-calls.js';
import { createCoverage, toScopeRequest, type ScopedRequest } from '../report/scopes/scope.js';
import type { RelatedReport } from './authorized-reports.js';
import { recordLookup } from './load-stats.js';
import type { Operation } from './operation-loaders.js';
import { createPace } from './paced-results.js';
import { toError, type LoadedReport, type ReportLoader } from './report-loader.js';

type Results = Map<ScopedRequest, LoadedReport | null | Error>;

/** How often a call whose answer is too large is split in two. */
const MAX_SPLIT_DEPTH = 3;

export class EntityLoader {
  readonly #operation: Operation;
  readonly #reports: ReportLoader;
  readonly #pace = createPace();
  /** Numbers of long texts: a base may list 1,000 names, and be combined with 1,000 scopes. */
  readonly #baseNumbers = new Map<string, number>();
  readonly #loader = new DataLoader<ScopedRequest, LoadedReport | null, string>((wanted) => this.#loadAll(wanted), {
    // Names that differ in case are different keys: ScaleOps does not document whether it minds case.
    cacheKeyFn: ({ baseKey, scope }) => JSON.stringify([this.#numberOf(baseKey), scope.clusterName, scope.namespace]),
    // After the reports that the operation asks for in the same turn have started: one of them may contain it all.
    batchScheduleFn: (dispatch) => setImmediate(dispatch),
  });

  constructor(operation: Operation, reports: ReportLoader) {
    this.#operation = operation;
    this.#reports = reports;
  }

  /** Resolves to the report of a cluster or namespace; null when the upstream has no row of it. */
  load(scoped: ScopedRequest): Promise<LoadedReport | null> {
    return this.#loader.load(scoped).then(this.#pace);
  }

  #numberOf(baseKey: string): number {
    const known = this.#baseNumbers.get(baseKey) ?? this.#baseNumbers.size;
    this.#baseNumbers.set(baseKey, known);
    return known;
  }

  async #loadAll(wanted: readonly ScopedRequest[]): Promise<(LoadedReport | null | Error)[]> {
    const results: Results = new Map();
    const families = groupBy(wanted, ({ baseKey }) => baseKey).values();
    await Promise.all(
      Array.from(families, (sameBase) =>
        this.#loadSameBase(sameBase, results).catch((error: unknown) => {
          fail(sameBase, error, results);
        }),
      ),
    );
    return wanted.map((each) => results.get(each) ?? null);
  }

  async #loadSameBase(sameBase: Group<ScopedRequest>, results: Results): Promise<void> {
    const [{ base }] = sameBase;
    // Reports that the operation reads anyway come first: the whole answer then shows the same data.
    const own = await this.#operation.reports.find(sameBase);
    const related = this.#operation.caller.noCache === true ? own : [...own, ...(await this.#findRelated(base))];
    const missing = await this.#assignAll(sameBase, related, results);
    await Promise.all(planCalls(base, missing).map((call) => this.#fetchCall(call, results)));
  }

  /** Fresh reports of the same family, best first; of any age after ScaleOps failed with `fault`. */
  async #findRelated(base: WorkloadCostsRequest, fault?: UpstreamError): Promise<readonly RelatedReport[]> {
    const { services, cache, caller, stats, reports } = this.#operation;
    const found = cache.findRelated(base, await services.credentials.principal(caller.token), fault);
    return found.map((related) => ({
      ...related,
      use: async () => {
        const lookup = await related.use();
        recordLookup(stats, lookup);
        reports.add(related.request, lookup);
        return lookup;
      },
    }));
  }

  async #fetchCall({ request, scoped }: PlannedCall, results: Results, splitDepth = 0): Promise<void> {
    try {
      await this.#assign(scoped, await this.#reports.load(request), results);
    } catch (error) {
      const isTooLarge = error instanceof UpstreamError && error.code === 'UPSTREAM_RESPONSE_TOO_LARGE';
      if (isTooLarge && scoped.length > 1 && splitDepth < MAX_SPLIT_DEPTH) {
        // Each half may be small enough, and the client cannot know that we asked for all of them at once.
        const middle = Math.ceil(scoped.length / 2);
        const halves = [scoped.slice(0, middle), scoped.slice(middle)];
        const calls = halves.flatMap((half) => planCalls(scoped[0].base, half));
        await Promise.all(calls.map((half) => this.#fetchCall(half, results, splitDepth + 1)));
        return;
      }
      const mayBeStale = error instanceof UpstreamError && error.allowsStale;
      const older = mayBeStale ? await this.#findRelated(scoped[0].base, error) : [];
      // Other calls of the same batch may succeed.
      fail(await this.#assignAll(scoped, older, results), error, results);
    }
  }

  /** Answers from these reports what they contain. @returns what they do not. */
  async #assignAll(wanted: readonly ScopedRequest[], reports: readonly RelatedReport[], results: Results) {
    let missing = wanted;
    for (const superset of reports) {
      if (missing.length === 0) break;
      const covered = missing.filter(createCoverage(superset.request, superset));
      if (covered.length === 0) continue;
      await this.#assign(covered, await superset.use(), results);
      missing = missing.filter((each) => !results.has(each));
    }
    return missing;
  }

  /** Splits a report into the parts that are wanted. */
  async #assign(wanted: readonly ScopedRequest[], whole: ReportLookup | LoadedReport, results: Results): Promise<void> {
    const scopes = wanted.map(({ scope }) => scope);
    const parts = await this.#operation.readReport(whole.report, 1, () => whole.report.split(scopes));
    for (const each of wanted) {
      const report = parts.get(each.scope) ?? null;
      // With the request that a root query would make, so that its cursors are the same.
      results.set(each, report && { ...whole, report, request: toScopeRequest(each) });
    }
  }
}

function fail(wanted: readonly ScopedRequest[], error: unknown, results: Results): void {
  for (const each of wanted) results.set(each, toError(error));
}
