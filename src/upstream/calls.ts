// The two endpoints: which parameter of a report request goes where. Source: the vendor's page, see
// schema/scaleops.openapi.yaml. The body takes all but two parameters of the workload report.

import { toParameters, type ReportKind, type ReportParameters, type ReportRequest } from '../report/request.js';

/** One POST to make. */
export interface UpstreamCall {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: ReportParameters;
}

interface Endpoint {
  /** The setting that holds the path, to name it when the upstream answers 404. */
  readonly pathSetting: string;
  /** Parameters that the upstream takes only in the query string. */
  readonly queryOnly: readonly string[];
}

export const ENDPOINTS: Readonly<Record<ReportKind, Endpoint>> = {
  aggregated: { pathSetting: 'SCALEOPS_AGGREGATED_PATH', queryOnly: [] },
  // `range` is not on the page for this report; the vendor's users send it in the query string.
  workloads: { pathSetting: 'SCALEOPS_WORKLOADS_PATH', queryOnly: ['multiCluster', 'range'] },
};

export function toUpstreamCall(request: ReportRequest, paths: Readonly<Record<ReportKind, string>>): UpstreamCall {
  const { queryOnly } = ENDPOINTS[request.report];
  const query: Record<string, string> = {};
  const body: Record<string, ReportParameters[string]> = {};
  for (const [name, value] of Object.entries(toParameters(request))) {
    if (queryOnly.includes(name)) query[name] = String(value);
    else body[name] = value;
  }
  return { path: paths[request.report], query, body };
}
