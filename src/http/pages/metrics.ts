// The metrics, in the text format of Prometheus. Open like the health checks: they hold counts, times and names of ours.

import type { Page } from './page.js';

/** A text, and its media type. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export function createMetricsPage(expose: () => Promise<MetricsText>): Page {
  return async () => {
    const { contentType, text } = await expose();
    return {
      status: 200,
      headers: { 'content-type': contentType, 'cache-control': 'no-store' },
      body: [Buffer.from(text)],
    };
  };
}
