// The two endpoints of ScaleOps, and where each parameter of a report request goes: into the body, except two of the
// workload report. Source: the vendor's page, see schema/scaleops.openapi.yaml.

import { toParameters, type ReportKind, type ReportParameters, type ReportRequest } from '../../report/request.js';
import { pathUnder } from '../http/connections.js';

interface Endpoint {
  /** The setting that holds the path, which the error for 404 names. */
  readonly pathSetting: string;
  /** Parameters that ScaleOps takes only in the query string. */
  readonly queryOnly: readonly string[];
}

const ENDPOINTS: Readonly<Record<ReportKind, Endpoint>> = {
  aggregated: { pathSetting: 'SCALEOPS_AGGREGATED_PATH', queryOnly: [] },
  // `range` is not on the page for this report; the vendor's users send it in the query string.
  workloads: { pathSetting: 'SCALEOPS_WORKLOADS_PATH', queryOnly: ['multiCluster', 'range'] },
};

/**
 * Returns a function from a report request to its POST: `url` is without the query, `path` with it.
 * @param base the ScaleOps host; its path is the prefix of `paths`.
 */
export function createUpstreamCalls(base: URL, paths: Readonly<Record<ReportKind, string>>) {
  return (request: ReportRequest) => {
    const { queryOnly, pathSetting } = ENDPOINTS[request.report];
    const url = new URL(pathUnder(base, paths[request.report]), base);
    const query: string[] = [];
    const body: Record<string, ReportParameters[string]> = {};
    for (const [name, value] of Object.entries(toParameters(request))) {
      if (queryOnly.includes(name)) query.push(`${name}=${encodeURIComponent(String(value))}`);
      else body[name] = value;
    }
    const path = url.pathname + (query.length === 0 ? '' : `?${query.join('&')}`);
    return { url, path, pathSetting, body };
  };
}
