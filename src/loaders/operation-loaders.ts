// The loaders of one operation. Their one way to the cache leads through the caller's permissions.

import { restrictReports, type OperationCache } from './authorized-reports.js';
import { EntityLoader } from './entity-loader.js';
import type { LoadStats } from './load-stats.js';
import type { OperationBudget } from './operation-budget.js';
import { OperationReports } from './operation-reports.js';
import type { ReadReport } from './read-report.js';
import { ReportLoader } from './report-loader.js';
import type { Caller, RequestServices } from './request-services.js';

/** Loaders close over their caller and are never shared. */
export interface Loaders {
  readonly report: ReportLoader;
  readonly entity: EntityLoader;
}

/** What the loaders of an operation share. */
export interface Operation {
  readonly services: RequestServices;
  readonly caller: Caller;
  readonly stats: LoadStats;
  readonly budget: OperationBudget;
  readonly readReport: ReadReport;
  readonly cache: OperationCache;
  readonly reports: OperationReports;
}

export function createLoaders(given: Omit<Operation, 'cache' | 'reports'>): Loaders {
  const { services, caller, readReport } = given;
  const { permissions } = caller;
  const cache = permissions === undefined ? services.cache : restrictReports(services.cache, permissions, readReport);
  const operation = { ...given, cache, reports: new OperationReports() };
  const report = new ReportLoader(operation);
  return { report, entity: new EntityLoader(operation, report) };
}
