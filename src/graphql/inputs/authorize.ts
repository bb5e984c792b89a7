// A caller with restricted access who explicitly asks for more gets FORBIDDEN. What it does not name is left out silently:
// its reports contain only what it may see.

import { GatewayError } from '../../errors.js';
import type { Permissions } from '../../report/permissions/permissions.js';
import type { ReportRequest } from '../../report/request.js';
import type { EntityRef } from '../../report/entities/entity-request.js';

/** @throws GatewayError FORBIDDEN that names the input. */
export function assertAllowed(permissions: Permissions | undefined, request: ReportRequest): void {
  if (permissions === undefined) return;
  if (request.report === 'aggregated') {
    assertClusters(permissions, 'filter.clusters', request.clusters);
    return;
  }
  // Excluded names are not requested.
  const clusters = request.isClusterExclude === true ? undefined : request.clusterFilters;
  const namespaces = request.isNamespaceExclude === true ? undefined : request.namespaces;
  assertClusters(permissions, 'filter.clusters.names', clusters);
  assertNamespaces(permissions, 'filter.namespaces.names', namespaces, clusters);
}

/** The same for the names of a `where`, which are compared without regard to case. */
export function assertAllowedRows(
  permissions: Permissions | undefined,
  clusterNames: readonly string[] | null | undefined,
  namespaces: readonly string[] | null | undefined,
): void {
  if (permissions === undefined) return;
  const clusters = clusterNames ?? undefined;
  clusters?.forEach((name, index) => {
    if (permissions.within([name]).clusters?.length === 0) throw forbid(`the cluster in where.clusterNames[${index}]`);
  });
  namespaces?.forEach((name, index) => {
    const allowed = permissions.within(clusters, [name]).namespaces;
    if (allowed?.length === 0) throw forbid(`the namespace in where.namespaces[${index}]`);
  });
}

/** The same for an entity, named by its key. */
export function assertAllowedEntity(permissions: Permissions | undefined, { clusterName, namespace }: EntityRef): void {
  if (permissions === undefined) return;
  if (!permissions.hasCluster(clusterName)) throw forbid('this cluster');
  if (namespace !== undefined && !permissions.hasNamespace(namespace, [clusterName])) throw forbid('this namespace');
}

function assertClusters(permissions: Permissions, path: string, names: readonly string[] = []): void {
  const index = names.findIndex((name) => !permissions.hasCluster(name));
  if (index >= 0) throw forbid(`the cluster in ${path}[${index}]`);
}

function assertNamespaces(
  permissions: Permissions,
  path: string,
  names: readonly string[] = [],
  clusters?: readonly string[],
): void {
  const index = names.findIndex((name) => !permissions.hasNamespace(name, clusters));
  if (index >= 0) throw forbid(`the namespace in ${path}[${index}]`);
}

function forbid(what: string): GatewayError {
  return new GatewayError('FORBIDDEN', { message: `You do not have access to ${what}.` });
}
