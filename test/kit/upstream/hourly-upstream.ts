// A ScaleOps with costs by workload and hour, which add up over any windows: workloads start and end, costs follow the
// time of day and grow, and late corrections change past hours. Independent of the simulator and the gateway.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as readJson } from 'node:stream/consumers';

export const HOUR_MS = 3_600_000;
/** Windows may begin at a quarter of an hour, as hours do in some time zones. */
const QUARTER_MS = HOUR_MS / 4;
const RANGE_MS: Readonly<Record<string, number>> = { m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };

export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface HourlyWorkload {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly team: string | null;
  readonly isSpot: boolean;
  /** Its lifetime, in milliseconds since the Unix epoch; unlimited by default. */
  readonly startsAt?: number;
  readonly endsAt?: number;
  /** In millionths for each quarter of an hour. */
  readonly rate: number;
}

/** The costs of a set of workloads in a window. */
interface Figures {
  readonly totalCost: number;
  readonly savingsAvailable: number;
  readonly onDemandHours: number;
  readonly spotHours: number;
  readonly amountOfWorkloads: number;
}

export interface HourlyRequest {
  readonly path: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly window: Window;
}

/** A response other than the correct one. */
interface Fault {
  readonly status?: number;
  /** Another window than the requested one. */
  readonly window?: Window;
  /** Further members of the report, such as `error`. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export class HourlyUpstream implements AsyncDisposable {
  url = '';
  readonly received: HourlyRequest[] = [];
  workloads: readonly HourlyWorkload[];
  /** Awaited before a response; may hold it at a gate. */
  onRequest: (request: HourlyRequest) => Promise<Fault | undefined> | Fault | undefined = () => undefined;
  /** The maximum of concurrent calls so far. */
  maxInFlight = 0;
  readonly #now: () => number;
  readonly #corrections: (Window & { readonly factor: number })[] = [];
  #inFlight = 0;

  readonly #server = createServer((request, response) => {
    const respond = async (): Promise<void> => {
      const { pathname: path, searchParams } = new URL(request.url ?? '', 'http://hourly');
      const parameters = { ...Object.fromEntries(searchParams), ...((await readJson(request)) as object) };
      const received = { path, parameters, window: this.#windowOf(parameters) };
      this.received.push(received);
      const { status = 200, ...fault } = (await this.onRequest(received)) ?? {};
      const body = status === 200 ? this.#toReport(received, fault) : {};
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    this.maxInFlight = Math.max(this.maxInFlight, ++this.#inFlight);
    response.once('close', () => (this.#inFlight -= 1));
    respond().catch(() => response.destroy());
  });

  constructor(workloads: readonly HourlyWorkload[], now: () => number) {
    this.workloads = workloads;
    this.#now = now;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** From now on, every hour of the window costs `factor` times as much. */
  correct(window: Window, factor: number): void {
    this.#corrections.push({ ...window, factor });
  }

  /** The workloads that lived in some part of the window. */
  existing(window: Window, isWanted: (workload: HourlyWorkload) => boolean = () => true): readonly HourlyWorkload[] {
    return this.workloads.filter((each) => isWanted(each) && countQuarters(clip(each, window)) > 0);
  }

  /** Added up by quarter of an hour, in whole millionths. */
  sum(window: Window, isWanted?: (workload: HourlyWorkload) => boolean): Figures {
    const workloads = this.existing(window, isWanted);
    let [micros, onDemand, spot] = [0, 0, 0];
    for (const each of workloads) {
      const { from, to } = clip(each, window);
      for (let at = from; at < to; at += QUARTER_MS) micros += this.#microsAt(each, at);
      if (each.isSpot) spot += countQuarters({ from, to });
      else onDemand += countQuarters({ from, to });
    }
    return {
      totalCost: micros / 1e6,
      savingsAvailable: (3 * micros) / 1e6,
      onDemandHours: onDemand / 4,
      spotHours: spot / 4,
      amountOfWorkloads: workloads.length,
    };
  }

  #microsAt({ rate }: HourlyWorkload, at: number): number {
    const hour = Math.floor(at / HOUR_MS);
    const isNight = hour % 24 < 6;
    // Grows from day to day, and varies from hour to hour.
    const micros = (isNight ? rate : 2 * rate) + (Math.floor(hour / 24) % 97) + ((hour * 7_919) % 31);
    return this.#corrections.reduce(
      (sum, { from, to, factor }) => (at >= from && at < to ? sum * factor : sum),
      micros,
    );
  }

  #windowOf({ from, to, range }: HourlyRequest['parameters']): Window {
    if (from !== undefined) return { from: Number(from), to: Number(to) };
    const [, count, unit = ''] = /^(\d+)([mhd])$/.exec((range as string | undefined) ?? '7d') ?? [];
    const end = Math.floor(this.#now() / QUARTER_MS) * QUARTER_MS;
    return { from: end - Number(count) * RANGE_MS[unit]!, to: end };
  }

  #toReport({ path, parameters, window }: HourlyRequest, fault: Fault) {
    const { clusterFilters, clusters = clusterFilters, namespaces } = parameters;
    const isIn = (list: unknown, name: string) => list === undefined || ([list].flat() as string[]).includes(name);
    const isWanted = ({ cluster, namespace }: HourlyWorkload) => isIn(clusters, cluster) && isIn(namespaces, namespace);
    const isAggregated = path.endsWith('getAggregatedWorkloads');
    const nameOf = (each: HourlyWorkload) =>
      JSON.stringify(isAggregated ? groupNames(each, parameters) : workloadNames(each));
    const existing = this.existing(window, isWanted);
    const rows = [...new Set(existing.map(nameOf))].map((id) => {
      const figures = this.sum(window, (each) => isWanted(each) && nameOf(each) === id);
      const hourlyCost = (HOUR_MS * figures.totalCost) / (window.to - window.from);
      return { ...(JSON.parse(id) as object), id, ...figures, hourlyCost };
    });
    const answered = fault.window ?? window;
    return {
      aggregatedWorkloads: rows,
      clusters: [...new Set(existing.map(({ cluster }) => cluster))],
      window: { startTime: new Date(answered.from).toISOString(), endTime: new Date(answered.to).toISOString() },
      ...fault.members,
    };
  }
}

function clip({ startsAt = -Infinity, endsAt = Infinity }: HourlyWorkload, { from, to }: Window): Window {
  return { from: Math.max(startsAt, from), to: Math.min(endsAt, to) };
}

function countQuarters({ from, to }: Window): number {
  return Math.max(0, (to - from) / QUARTER_MS);
}

function groupNames({ cluster, namespace, team }: HourlyWorkload, parameters: HourlyRequest['parameters']) {
  const isTrue = (name: string) => [true, 'true'].includes(parameters[name] as string | boolean);
  const [byNamespace, byCluster] = [isTrue('groupByNamespace'), isTrue('groupByCluster')];
  const labels = [parameters.groupByLabels ?? []].flat() as string[];
  return {
    clusterName: byNamespace || byCluster ? cluster : '',
    namespace: byNamespace ? namespace : '',
    labels: labels.map((key) => ({ key, value: (key === 'team' ? team : null) ?? '' })),
  };
}

function workloadNames({ cluster, namespace, name, team }: HourlyWorkload) {
  const ownerLabels = team === null ? [] : [{ key: 'team', value: team }];
  return { clusterName: cluster, namespace, workloadName: name, workloadType: 'Deployment', ownerLabels };
}
