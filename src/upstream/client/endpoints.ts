// The two endpoints of ScaleOps: where each parameter of a report request goes. Source: the vendor's page, see
// schema/scaleops.openapi.yaml. All parameters go into the body but two of the workload report.

import { toParameters, type ReportKind, type ReportParameters, type ReportRequest } from '../../report/request.js';
import { pathUnder } from '../http/connections.js';

/** One POST to make. */
export interface UpstreamCall {
  /** The URL without the query. */
  readonly url: URL;
  /** The path with the query. */
  readonly path: string;
  readonly body: ReportParameters;
}

interface Endpoint {
  /** The setting that holds the path, which the error for 404 names. */
  readonly pathSetting: string;
  /** Parameters that ScaleOps takes only in the query string. */
  readonly queryOnly: readonly string[];
}

export const ENDPOINTS: Readonly<Record<ReportKind, Endpoint>> = {
  aggregated: { pathSetting: 'SCALEOPS_AGGREGATED_PATH', queryOnly: [] },
  // `range` is not on the page for this report; the vendor's users send it in the query string.
  workloads: { pathSetting: 'SCALEOPS_WORKLOADS_PATH', queryOnly: ['multiCluster', 'range'] },
};

export type ToUpstreamCall = ReturnType<typeof createUpstreamCalls>;

/** @param base the ScaleOps host; its path is the prefix of `paths`. */
export function createUpstreamCalls(base: URL, paths: Readonly<Record<ReportKind, string>>) {
  const toUrl = (path: string): URL => new URL(pathUnder(base, path), base);
  const urls = { aggregated: toUrl(paths.aggregated), workloads: toUrl(paths.workloads) };
  return (request: ReportRequest): UpstreamCall => {
    const { queryOnly } = ENDPOINTS[request.report];
    const url = urls[request.report];
    let query = '';
    const body: Record<string, ReportParameters[string]> = {};
    for (const [name, value] of Object.entries(toParameters(request))) {
      if (queryOnly.includes(name)) query += `${query === '' ? '?' : '&'}${name}=${encodeURIComponent(String(value))}`;
      else body[name] = value;
    }
    return { url, path: url.pathname + query, body };
  };
}
