// Reports by whose they are and what was asked: fresh for a while, then shown while they are fetched anew or while the
// upstream fails. Equal requests that come at the same time share one upstream call; errors are not remembered. Behind
// the memory of the process there may be one that replicas share.

import type { Clock } from '../clock.js';
import { UpstreamError } from '../errors.js';
import { Deadline } from '../concurrency/deadline.js';
import { createSingleFlight } from '../concurrency/single-flight.js';
import type { ReportRequest, WorkloadCostsRequest } from '../report/request.js';
import type { FetchedReport, ScaleOpsClient } from '../upstream/client/client.js';
import type { Principal } from '../upstream/principal.js';
import { createAnswers, type AnswerMemory } from './memory/response-store.js';
import { createAnswering, type CacheAnswer, type CacheResult } from './cache-result.js';
import { createFamilyFinding, type KeptReport } from './memory/find-related.js';
import type { DatedReport } from './freshness.js';
import { UNOBSERVED, type CacheInstrument } from './instrumentation.js';
import { createPlaces } from './cache-key.js';
import {
  createReportMemory,
  type Entry,
  type MemorySize,
  type Place,
  type ReportMemory,
  type ReportMemoryOptions,
} from './memory/report-store.js';
import type { SharedCache } from './shared/shared-cache.js';

export type { CacheAnswer, CacheResult };

export interface ReportCacheOptions extends ReportMemoryOptions {
  readonly client: Pick<ScaleOpsClient, 'fetchReport'>;
  /** Names the upstream in the keys. */
  readonly upstream: string;
  /** The one deadline over a report that is fetched: the wait for another replica, and all that the client does. */
  readonly timeoutMs: number;
  /** The memory of all replicas, where there is one. */
  readonly shared?: SharedCache | undefined;
  /** Told of a refresh that nobody waited for, and that failed. */
  readonly onRefreshFailed?: (request: ReportRequest, error: unknown) => void;
  readonly instrument?: CacheInstrument | undefined;
}

export interface LoadOptions {
  /** Looked at only where something has to be waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Asks the upstream although there is a fresh report; not more often than every few seconds a report. */
  readonly anew?: boolean;
  /** The caller whose share of the calls to ScaleOps a fetch takes. */
  readonly callerKey?: string | undefined;
}

export interface ReportCache {
  readonly answers: AnswerMemory;
  /**
   * The newest of the principal's fresh reports that are like the answer to `base` but for clusters and namespaces; where
   * the upstream fails for that `fault`, also those that may be shown then.
   */
  findFamily(base: WorkloadCostsRequest, principal: Principal, fault?: UpstreamError): readonly KeptReport[];
  /** @throws UpstreamError as the client does; the reason of `signal` when that aborts first. */
  load(request: ReportRequest, principal: Principal, options?: LoadOptions): Promise<CacheAnswer>;
  /** The same where a fresh one is in this process, at once; undefined where it is not. */
  loadAtOnce(request: ReportRequest, principal: Principal): CacheAnswer | undefined;
  /** What the process keeps now. */
  size(): MemorySize;
}

interface Asking extends Place {
  readonly anew: boolean;
  readonly callerKey: string | undefined;
}

interface Landing {
  readonly entry: Entry;
  readonly isOurs: boolean;
}

/** A report is not asked for anew more often than this, however often clients say `no-cache`. */
const MIN_RETRY_MS = 5_000;

export function createReportCache(options: ReportCacheOptions): ReportCache {
  const { shared, clock, instrument = UNOBSERVED } = options;
  const memory = createReportMemory(options);
  const toPlace = createPlaces(options.upstream);
  const find = createFinding(memory, shared);
  const fetchReport = createFetching(options, memory);
  const fetches = createSingleFlight<Landing>();

  const toAnswer = createAnswering(memory);
  const fetch = async (asking: Asking, signal?: AbortSignal): Promise<CacheAnswer> => {
    const isUnderWay = fetches.has(asking.key);
    // The flight closes over one principal, and the key holds its id: nobody else can board.
    const { entry, isOurs } = await fetches.join(asking.key, (abort) => fetchReport(asking, abort), signal);
    const upstreamMs = isOurs ? entry.asOf - entry.askedAt : 0;
    const cacheResult = isOurs ? (isUnderWay ? 'collapsed' : 'miss') : 'shared';
    return toAnswer(asking, entry, cacheResult, upstreamMs);
  };

  // Nobody waits for it: what becomes of it shows in the next answer.
  const refresh = (asking: Asking) =>
    void fetch(asking).catch((error: unknown) => options.onRefreshFailed?.(asking.request, error));
  const serveKept = createServing(memory, clock, { isUnderWay: (key) => fetches.has(key), refresh });
  const load = async (asking: Asking, how: LoadOptions): Promise<CacheAnswer> => {
    const { kept, isShared } = await find(asking, how);
    const served = kept && serveKept(asking, kept);
    if (served !== undefined) return isShared && !served.isStale ? { ...served, cacheResult: 'shared' } : served;
    if (kept !== undefined) kept.triedAt = clock.now();
    try {
      return await fetch(asking, how.signal);
    } catch (error) {
      if (!(error instanceof UpstreamError) || !error.allowsStale) throw error;
      const older = memory.find(asking);
      if (older !== undefined) return { ...toAnswer(asking, older, 'stale'), fault: error };
      throw error;
    }
  };

  return {
    answers: createAnswers(memory, instrument),
    findFamily: createFamilyFinding(memory, instrument),
    load(request, principal, how = {}) {
      const asking = {
        key: toPlace(request, principal).key,
        request,
        principal,
        anew: how.anew ?? false,
        callerKey: how.callerKey,
      };
      return instrument.load(request.report, () => load(asking, how));
    },
    loadAtOnce(request, principal) {
      const place = toPlace(request, principal);
      const kept = memory.find(place);
      if (kept === undefined || memory.stage(kept) !== 'fresh') return undefined;
      const answer = toAnswer(place, kept, 'hit');
      instrument.loaded(request.report, answer);
      return answer;
    },
    size: () => memory.size(),
  };
}

interface Finding {
  readonly kept: Entry | undefined;
  /** Whether it was in the memory of the replicas. */
  readonly isShared: boolean;
}

/** Looks into memory, and into the memory of the replicas where ours has nothing that may be shown at once. */
function createFinding(memory: ReportMemory, shared: SharedCache | undefined) {
  const lookups = createSingleFlight<undefined>();
  return async (place: Place, how: LoadOptions): Promise<Finding> => {
    const kept = memory.find(place);
    if (shared === undefined || (kept !== undefined && memory.stage(kept) !== 'if-error')) {
      return { kept, isShared: false };
    }
    const lookUp = async (): Promise<undefined> => {
      const found = await shared.read({ ...place, newerThan: kept?.asOf });
      if (found !== undefined) memory.keep(place, found);
    };
    await lookups.join(place.key, lookUp, how.signal);
    const now = memory.find(place);
    return { kept: now, isShared: now !== kept };
  };
}

/** Gets a report from upstream, or from the replica that is getting it, and keeps it. */
function createFetching({ client, shared, clock, timeoutMs }: ReportCacheOptions, memory: ReportMemory) {
  const askUpstream = async (
    { request, principal, callerKey }: Asking,
    deadline: Deadline,
  ): Promise<DatedReport & FetchedReport> => {
    const askedAt = clock.now();
    try {
      const { report, body } = await client.fetchReport(request, principal, deadline, callerKey);
      return { report, body, askedAt, asOf: clock.now() };
    } catch (error) {
      if (error instanceof UpstreamError && error.isRefusal) {
        memory.purge(principal);
        shared?.purge(principal);
      }
      throw error;
    }
  };
  const fetchWithin = async (asking: Asking, deadline: Deadline): Promise<Landing> => {
    const fetch = () => askUpstream(asking, deadline);
    if (shared === undefined) return { entry: memory.keep(asking, await fetch()), isOurs: true };
    // What another replica has got meanwhile will do, if it is newer than what we came with.
    const newerThan = memory.find(asking)?.asOf;
    const isGood = (found: DatedReport): boolean =>
      memory.isFresh(asking, found) && (!asking.anew || clock.now() - found.asOf < MIN_RETRY_MS);
    const wanted = { ...asking, newerThan, isGood, fetch, signal: deadline.signal };
    const { found, isOurs } = await shared.fetchOnce(wanted);
    return { entry: memory.keep(asking, found), isOurs };
  };
  return async (asking: Asking, outer: AbortSignal): Promise<Landing> => {
    const toError = () => new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'deadline' });
    const deadline = new Deadline(clock, timeoutMs, { caller: { signal: outer }, toError });
    try {
      return await fetchWithin(asking, deadline);
    } finally {
      deadline.end();
    }
  };
}

interface Refreshing {
  /** Whether a newer one is being fetched. */
  isUnderWay(key: string): boolean;
  /** Has one fetched. */
  refresh(asking: Asking): void;
}

/** What is kept as the answer; undefined where the upstream has to be asked first. */
function createServing(memory: ReportMemory, clock: Clock, { isUnderWay, refresh }: Refreshing) {
  const toAnswer = createAnswering(memory);
  return (asking: Asking, kept: Entry): CacheAnswer | undefined => {
    const now = clock.now();
    // A newer one that is under way will do as well.
    if (asking.anew && isUnderWay(asking.key)) return undefined;
    if (asking.anew && mayTry(kept, now) && now - kept.asOf >= MIN_RETRY_MS) return undefined;
    const stage = memory.stage(kept);
    if (stage === 'fresh') return toAnswer(asking, kept, 'hit');
    if (stage !== 'while-revalidate') return undefined;
    if (mayTry(kept, now)) {
      kept.triedAt = now;
      refresh(asking);
    }
    return toAnswer(asking, kept, 'stale');
  };
}

/** A clock that was set back does not keep a report from being asked for. */
function mayTry({ triedAt }: Entry, nowMs: number): boolean {
  return Math.abs(nowMs - triedAt) >= MIN_RETRY_MS;
}
