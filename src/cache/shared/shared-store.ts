// Reports in Redis: their keys, which of them are valid, and how long they are retained. Every entry of a principal carries
// the principal's current generation. A purge removes the generation, which invalidates all entries.

import { randomUUID } from 'node:crypto';

import type { Clock } from '../../clock.js';
import type { Deadline } from '../../concurrency/deadline.js';
import type { Report } from '../../report/report.js';
import type { FetchedReport } from '../../upstream/client/client.js';
import type { RequestContext } from '../../upstream/parse/parse-response.js';
import type { ReportParser } from '../../upstream/parse/report-parser.js';
import type { Principal } from '../../upstream/principal.js';
import { maxRetentionMs, retentionMs, type FreshnessSettings, type TimestampedReport } from '../freshness.js';
import type { ReportKey } from '../memory/report-entry.js';
import { decryptEntry, encryptEntry, parseHeader } from './encrypted-entry.js';
import { ROUND_TRIP_MS, type CommandOptions, type GuardedRedis } from './guarded-redis.js';
import type { Redis } from './redis.js';

export interface SharedKey extends ReportKey {
  /** An entry whose `receivedAt` is not later is ignored. */
  readonly newerThan?: number | undefined;
}

export interface SharedStoreOptions {
  readonly guarded: GuardedRedis;
  /** Decides how long a report is worth retaining. */
  readonly freshness: FreshnessSettings;
  /** The bound of an uncompressed body. */
  readonly maxBytes: number;
  readonly parser: ReportParser;
  readonly clock: Clock;
}

/** The bound of all entries that Redis has not confirmed yet. */
const MAX_PENDING_WRITE_BYTES = 67_108_864;
/** No client waits for a write, and a large entry takes long. */
const WRITE = { maxMs: 5_000, isWrite: true };

/** All keys of a principal are in one slot of a cluster: the braces are the hash tag of Redis Cluster. */
export function toRedisKey(principalId: string, kind: 'generation' | 'report' | 'partial' | 'lock', key = ''): string {
  return `scaleops-cost-gateway:{${principalId}}:${kind}:${key}`;
}

export class SharedStore {
  readonly #options: SharedStoreOptions;
  readonly #guarded: GuardedRedis;
  readonly #maxRetentionMs: number;
  #pendingWriteBytes = 0;

  constructor(options: SharedStoreOptions) {
    this.#options = options;
    this.#guarded = options.guarded;
    this.#maxRetentionMs = maxRetentionMs(options.freshness);
  }

  /**
   * The valid reports under a key, oldest first: the last whole one, then a partial one if that is newer; and the
   * principal's generation, if there is one. Undefined when Redis does not reply.
   */
  async read(sharedKey: SharedKey, limits: Pick<CommandOptions, 'maxMs' | 'budget'>) {
    const { key, principal } = sharedKey;
    const names = [
      toRedisKey(principal.id, 'report', key),
      toRedisKey(principal.id, 'generation'),
      toRedisKey(principal.id, 'partial', key),
    ];
    const values = await this.#guarded.run((redis) => redis.read(names), limits);
    if (values === undefined) return undefined;
    const [wholeEntry, generationBytes, partialEntry] = values;
    const generation = generationBytes?.toString();
    const whole = await this.#readEntry(wholeEntry, generation, sharedKey);
    const newerThan = Math.max(whole?.receivedAt ?? -Infinity, sharedKey.newerThan ?? -Infinity);
    const partial = await this.#readEntry(partialEntry, generation, { ...sharedKey, newerThan });
    return { generation, reports: [whole, partial].filter((report) => report !== undefined) };
  }

  async #readEntry(
    entry: Buffer | null | undefined,
    generation: string | undefined,
    { key, principal, request, newerThan = -Infinity }: SharedKey,
  ): Promise<TimestampedReport | undefined> {
    const header = entry ? parseHeader(entry) : undefined;
    const isOwn = header?.key === key && header.principalId === principal.id && header.generation === generation;
    if (!entry || !isOwn || header.receivedAt <= newerThan) return undefined;
    const body = await decryptEntry(entry, principal, this.#options.maxBytes);
    const { requestedAt, receivedAt } = header;
    const report = body && (await parse(body, this.#options.parser, { request, receivedAt, pathSetting: '' }));
    return report && { report, requestedAt, receivedAt };
  }

  /** Starts a generation before a report is fetched, so that a purge meanwhile invalidates it. Undefined as `read`. */
  startGeneration(principal: Principal, budget: Deadline): Promise<string | undefined> {
    const name = toRedisKey(principal.id, 'generation');
    const command = { maxMs: ROUND_TRIP_MS, isWrite: true, budget };
    return this.#guarded.run((redis) => redis.getOrSet(name, randomUUID(), this.#maxRetentionMs), command);
  }

  /** A partial report has a key of its own, so that it does not replace the last whole one. */
  async write({ key, principal, request }: SharedKey, generation: string, fetched: TimestampedReport & FetchedReport) {
    const { freshness, clock } = this.#options;
    const { report, requestedAt, receivedAt, body } = fetched;
    const expiresAt = Math.min(receivedAt + retentionMs(fetched, request, freshness), principal.expiresAt ?? Infinity);
    const ttlMs = expiresAt - clock.now();
    if (ttlMs <= 0 || body === undefined) return;
    const header = { key, principalId: principal.id, generation, requestedAt, receivedAt };
    const entry = await encryptEntry(header, body, principal);
    if (this.#pendingWriteBytes + entry.length > MAX_PENDING_WRITE_BYTES) return;
    const name = toRedisKey(principal.id, report.isPartial ? 'partial' : 'report', key);
    // Counted until Redis replies, not until the time limit: the connection retains the entry.
    const write = (redis: Redis): Promise<void> => {
      this.#pendingWriteBytes += entry.length;
      return redis.write(name, entry, ttlMs).finally(() => {
        this.#pendingWriteBytes -= entry.length;
      });
    };
    await this.#guarded.run(write, WRITE);
    const generationKey = toRedisKey(principal.id, 'generation');
    await this.#guarded.run((redis) => redis.extend(generationKey, this.#maxRetentionMs), WRITE);
  }

  /** Invalidates all entries of the principal. False: Redis did not confirm it. */
  async purge(principalId: string): Promise<boolean> {
    const name = toRedisKey(principalId, 'generation');
    return (await this.#guarded.run((redis) => redis.remove(name).then(() => true), WRITE)) ?? false;
  }
}

/** Undefined for a body that is no report. Large bodies are parsed a few at a time. */
async function parse(
  body: readonly Buffer[],
  parser: ReportParser,
  context: RequestContext,
): Promise<Report | undefined> {
  const permit = parser.start();
  try {
    await permit.addBytes(body.reduce((bytes, { length }) => bytes + length, 0));
    return (await parser.parse(body, context)).report;
  } catch {
    return undefined;
  } finally {
    permit.release();
  }
}
