// The reports in the memory that replicas share: where each lies, which of them are good, and for how long.

import { randomUUID } from 'node:crypto';

import type { Clock } from '../../clock.js';
import type { Report } from '../../report/report.js';
import type { FetchedReport } from '../../upstream/client/client.js';
import type { Principal } from '../../upstream/principal.js';
import type { ReportParser } from '../../upstream/parse/report-parser.js';
import type { DatedReport } from '../freshness.js';
import { ANSWER_MS, TURN_MS, type Ask } from './guarded-redis.js';
import { peekHeader, sealEntry, unsealEntry } from './encrypted-entry.js';

/** A report of the principal under this key; one that is not newer than `newerThan` (its `asOf`) is not looked at. */
export interface SharedPlace {
  readonly key: string;
  readonly principal: Principal;
  readonly newerThan?: number | undefined;
}

export interface Look {
  /** The principal's generation, which each entry has to carry: a refusal ends it. Undefined: there is none yet. */
  readonly generation: string | undefined;
  readonly found: DatedReport | undefined;
}

export interface SharedEntries {
  /** Undefined when the engine does not answer. */
  look(place: SharedPlace, maxMs?: number): Promise<Look | undefined>;
  /** Begins a generation before a report is fetched; a refusal meanwhile ends it. Undefined as `look`. */
  begin(principal: Principal): Promise<string | undefined>;
  write(place: SharedPlace, generation: string, fetched: DatedReport & FetchedReport): Promise<void>;
  /** Ends the generation of the principal: all that was written for it is worthless then. False: to be tried again. */
  purge(principal: Principal): Promise<boolean>;
}

export interface SharedEntriesOptions {
  readonly ask: Ask;
  /** How long a report may be of use, in milliseconds from its `asOf`. */
  readonly keepMs: (found: DatedReport) => number;
  /** No report is of use for longer. */
  readonly maxKeepMs: number;
  /** The longest text that is read. */
  readonly maxBytes: number;
  readonly parser: ReportParser;
  readonly clock: Clock;
}

const MAX_SEALED_BYTES = 67_108_864;
/** Nobody waits for a report to be written, and a long one takes its time. */
const WRITE = { maxMs: 5_000, isWrite: true };

/** All keys of a principal are in one slot of a cluster: the braces are the hash tag of Redis Cluster. */
export function nameKey({ id }: Principal, kind: 'generation' | 'report' | 'lock', key = ''): string {
  return `scaleops-cost-gateway:{${id}}:${kind}:${key}`;
}

export function createSharedEntries({ ask, clock, ...options }: SharedEntriesOptions): SharedEntries {
  const { keepMs, maxKeepMs, maxBytes, parser } = options;
  return {
    async look({ key, principal, newerThan = -Infinity }, maxMs = ANSWER_MS) {
      const names = [nameKey(principal, 'report', key), nameKey(principal, 'generation')];
      const values = await ask((engine) => engine.read(names), { maxMs });
      if (values === undefined) return undefined;
      const [entry, generationBytes] = values;
      const generation = generationBytes?.toString();
      const header = entry ? peekHeader(entry) : undefined;
      const isOurs = header?.key === key && header.principalId === principal.id && header.generation === generation;
      if (!entry || !isOurs || header.asOf <= newerThan) return { generation, found: undefined };
      const body = await unsealEntry(entry, principal, maxBytes);
      const report = body && (await decode(body, parser));
      return { generation, found: report && { report, askedAt: header.askedAt, asOf: header.asOf } };
    },
    async write({ key, principal }, generation, fetched) {
      const { askedAt, asOf, body } = fetched;
      const forMs = Math.min(asOf + keepMs(fetched), principal.expiresAt ?? Infinity) - clock.now();
      if (forMs <= 0 || body === undefined) return;
      const header = { key, principalId: principal.id, generation, askedAt, asOf };
      const sealed = await sealEntry(header, body, principal);
      if (sealed.length > MAX_SEALED_BYTES) return;
      await ask((engine) => engine.write(nameKey(principal, 'report', key), sealed, forMs), WRITE);
      await ask((engine) => engine.extend(nameKey(principal, 'generation'), maxKeepMs), WRITE);
    },
    begin: (principal) => {
      const name = nameKey(principal, 'generation');
      return ask((engine) => engine.begin(name, randomUUID(), maxKeepMs), { maxMs: TURN_MS, isWrite: true });
    },
    async purge(principal) {
      const removed = await ask(async (engine) => {
        await engine.remove(nameKey(principal, 'generation'));
        return true;
      }, WRITE);
      return removed === true;
    },
  };
}

/** Undefined for what is no report. A large one waits for its turn. */
async function decode(body: readonly Buffer[], parser: ReportParser): Promise<Report | undefined> {
  const permit = parser.start();
  try {
    await permit.addBytes(body.reduce((bytes, { length }) => bytes + length, 0));
    return (await parser.parse(body, '')).report;
  } catch {
    return undefined;
  } finally {
    permit.release();
  }
}
