// Who may see a part of the fleet and names more of it is told so. What is not named is left out in silence: the reports
// of such a caller have no rows but its own.

import { GatewayError } from '../../errors.js';
import type { Permissions } from '../../report/permissions/permissions.js';
import type { ReportRequest } from '../../report/request.js';
import type { EntityScope } from '../../report/scopes/scope.js';

/** @throws GatewayError FORBIDDEN that names the input. */
export function checkGranted(grants: Permissions | undefined, request: ReportRequest): void {
  if (grants === undefined) return;
  if (request.report === 'aggregated') {
    checkClusters(grants, 'filter.clusters', request.clusters);
    return;
  }
  // What is left out is not asked for.
  const clusters = request.isClusterExclude === true ? undefined : request.clusterFilters;
  const namespaces = request.isNamespaceExclude === true ? undefined : request.namespaces;
  checkClusters(grants, 'filter.clusters.names', clusters);
  checkNamespaces(grants, 'filter.namespaces.names', namespaces, clusters);
}

/** The same for the names of a `where`. */
export function checkGrantedRows(
  grants: Permissions | undefined,
  clusterNames: readonly string[] | null | undefined,
  namespaces: readonly string[] | null | undefined,
): void {
  if (grants === undefined) return;
  checkClusters(grants, 'where.clusterNames', clusterNames ?? undefined);
  checkNamespaces(grants, 'where.namespaces', namespaces ?? undefined, clusterNames ?? undefined);
}

/** The same for an entity, named by its key. */
export function checkGrantedScope(grants: Permissions | undefined, { clusterName, namespace }: EntityScope): void {
  if (grants === undefined) return;
  if (!grants.hasCluster(clusterName)) throw forbid('The cluster');
  if (namespace !== undefined && !grants.hasNamespace(namespace, [clusterName])) throw forbid('The namespace');
}

function checkClusters(grants: Permissions, path: string, names: readonly string[] | undefined): void {
  const index = names?.findIndex((name) => !grants.hasCluster(name)) ?? -1;
  if (index >= 0) throw forbid(`The cluster of ${path}[${index}]`);
}

function checkNamespaces(
  grants: Permissions,
  path: string,
  names: readonly string[] | undefined,
  clusters: readonly string[] | undefined,
): void {
  const index = names?.findIndex((name) => !grants.hasNamespace(name, clusters)) ?? -1;
  if (index >= 0) throw forbid(`The namespace of ${path}[${index}]`);
}

function forbid(what: string): GatewayError {
  return new GatewayError('FORBIDDEN', { message: `${what} is none that you may see.` });
}
