// A caller with restricted access who names more than it may see gets FORBIDDEN. Everything else that it may not see is
// left out of its reports.

import { GatewayError } from '../../errors.js';
import type { Permissions } from '../../report/permissions/permissions.js';
import type { ReportRequest } from '../../report/request.js';
import type { EntityRef } from '../../report/entities/entity-request.js';

/** @throws GatewayError FORBIDDEN that names the input. */
export function assertAllowed(permissions: Permissions | undefined, request: ReportRequest): void {
  if (permissions === undefined) return;
  const isAllowedCluster = (name: string): boolean => permissions.hasCluster(name);
  if (request.report === 'aggregated') {
    assertEach(request.clusters, isAllowedCluster, 'the cluster in filter.clusters');
    return;
  }
  // Excluded names are not requested.
  const clusters = request.isClusterExclude === true ? undefined : request.clusterFilters;
  const namespaces = request.isNamespaceExclude === true ? undefined : request.namespaces;
  const isAllowedNamespace = (name: string): boolean => permissions.hasNamespace(name, clusters);
  assertEach(clusters, isAllowedCluster, 'the cluster in filter.clusters.names');
  assertEach(namespaces, isAllowedNamespace, 'the namespace in filter.namespaces.names');
}

/** The same for the names of a `where`, which are case-insensitive. */
export function assertAllowedRows(
  permissions: Permissions | undefined,
  clusterNames: readonly string[] | null | undefined,
  namespaces: readonly string[] | null | undefined,
): void {
  if (permissions === undefined) return;
  const isAllowedCluster = (name: string): boolean => permissions.narrowTo([name]).clusters?.length !== 0;
  const isAllowedNamespace = (name: string): boolean =>
    permissions.narrowTo(clusterNames ?? undefined, [name]).namespaces?.length !== 0;
  assertEach(clusterNames, isAllowedCluster, 'the cluster in where.clusterNames');
  assertEach(namespaces, isAllowedNamespace, 'the namespace in where.namespaces');
}

/** The same for the key of an entity. */
export function assertAllowedEntity(permissions: Permissions | undefined, { clusterName, namespace }: EntityRef): void {
  if (permissions === undefined) return;
  if (!permissions.hasCluster(clusterName)) throw forbid('this cluster');
  if (namespace !== undefined && !permissions.hasNamespace(namespace, [clusterName])) throw forbid('this namespace');
}

function assertEach(
  names: readonly string[] | null | undefined,
  isAllowed: (name: string) => boolean,
  description: string,
): void {
  const index = names?.findIndex((name) => !isAllowed(name)) ?? -1;
  if (index >= 0) throw forbid(`${description}[${index}]`);
}

function forbid(description: string): GatewayError {
  return new GatewayError('FORBIDDEN', { message: `You do not have access to ${description}.` });
}
