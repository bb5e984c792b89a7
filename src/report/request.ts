// Which report a request is about: the parameters of the two REST calls under ScaleOps' names, in canonical form. Requests
// that mean the same have the same key.

import { toOpaqueId } from './opaque-id.js';

interface CommonParameters {
  readonly multiCluster?: boolean | undefined;
  readonly shouldIgnoreWorkloads?: boolean | undefined;
  /** "<n>d"; or "<n>h" or "<n>m" for a time that is not a whole number of days. */
  readonly range?: string | undefined;
}

/** The aggregated cost report. Times are milliseconds since the Unix epoch, `stepSize` is in seconds. */
export interface AggregatedCostsRequest extends CommonParameters {
  readonly report: 'aggregated';
  readonly clusters?: readonly string[] | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly gpuWorkloadsOnly?: boolean | undefined;
  readonly groupByCluster?: boolean | undefined;
  readonly groupByNamespace?: boolean | undefined;
  readonly groupByLabels?: readonly string[] | undefined;
  readonly groupByAnnotations?: readonly string[] | undefined;
  readonly stepSize?: number | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** The workload cost report. Labels and annotations are "key=value". */
export interface WorkloadCostsRequest extends CommonParameters {
  readonly report: 'workloads';
  readonly clusterFilters?: readonly string[] | undefined;
  readonly isClusterExclude?: boolean | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly isNamespaceExclude?: boolean | undefined;
  readonly workloadTypes?: readonly string[] | undefined;
  readonly isWorkloadTypeExclude?: boolean | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly logicalLabel?: 'AND' | 'OR' | undefined;
  readonly isLabelExclude?: boolean | undefined;
  readonly annotations?: readonly string[] | undefined;
  readonly logicalAnnotation?: 'AND' | 'OR' | undefined;
  readonly isAnnotationExclude?: boolean | undefined;
}

export type ReportRequest = AggregatedCostsRequest | WorkloadCostsRequest;
export type ReportKind = ReportRequest['report'];

/** Whether the window of a request ends in the present: the last days, or no end time. */
export function isOpenEnded(request: ReportRequest): boolean {
  return request.report === 'workloads' || request.to === undefined;
}

/** The parameters of a request by name, in canonical form. Parameters that the caller did not choose are left out. */
export type ReportParameters = Readonly<Record<string, boolean | number | string | readonly string[]>>;

/** The documented defaults of ScaleOps. */
const DOCUMENTED_DEFAULTS: Readonly<Record<ReportKind, Readonly<Record<string, unknown>>>> = {
  aggregated: { gpuWorkloadsOnly: false, multiCluster: false, range: '7d', shouldIgnoreWorkloads: false, stepSize: 0 },
  workloads: {
    isAnnotationExclude: false,
    isClusterExclude: false,
    isLabelExclude: false,
    isNamespaceExclude: false,
    isWorkloadTypeExclude: false,
    logicalAnnotation: 'OR',
    logicalLabel: 'OR',
    multiCluster: false,
    shouldIgnoreWorkloads: false,
    // `range` has no documented default here: the page does not list it for this report.
  },
};

/** The chosen parameters of `request`: names in order, lists sorted by code unit and without duplicates. */
export function toParameters({ report, ...chosen }: ReportRequest): ReportParameters {
  const parameters: Record<string, ReportParameters[string]> = {};
  for (const name of Object.keys(chosen).sort()) {
    const value = (chosen as Partial<ReportParameters>)[name];
    // The order and the repetitions of a list mean nothing to ScaleOps.
    if (value !== undefined) parameters[name] = Array.isArray(value) ? [...new Set(value as string[])].sort() : value;
  }
  return parameters;
}

/** Computes a text once per request object: a request needs its keys several times. */
export function memoizeByRequest<Request extends ReportRequest>(
  compute: (request: Request) => string,
): (request: Request) => string {
  const texts = new WeakMap<Request, string>();
  return (request) => {
    let text = texts.get(request);
    if (text === undefined) texts.set(request, (text = compute(request)));
    return text;
  };
}

/** Equal for requests that mean the same by ScaleOps' documented defaults. Contains no secret. */
export const toRequestKey = memoizeByRequest((request: ReportRequest): string => {
  const defaults = DOCUMENTED_DEFAULTS[request.report];
  const chosen = Object.entries(toParameters(request)).filter(([name, value]) => value !== defaults[name]);
  return JSON.stringify([request.report, chosen]);
});

/** The id of a request's report: opaque, and equal for requests that mean the same, whatever the principal. */
export const toReportId = memoizeByRequest((request: ReportRequest): string => toOpaqueId(toRequestKey(request)));
