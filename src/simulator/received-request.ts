// A request as the simulator received it.

import type { IncomingHttpHeaders } from 'node:http';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON, or the text if it is not JSON; undefined without a body. */
  readonly body: unknown;
}
