// What an orchestrator asks: whether the process is alive, and whether it may get requests. Neither asks ScaleOps: a gateway
// whose upstream is down still serves cached reports.

import { toJsonPage, type Page } from './page.js';

/** 200 while the process runs. */
export const servesLiveness: Page = () => toJsonPage(200, { status: 'up' });

/** 503 while `isReady` says no. */
export function createReadinessPage(isReady: () => boolean): Page {
  return () => (isReady() ? toJsonPage(200, { status: 'up' }) : toJsonPage(503, { status: 'down' }));
}
