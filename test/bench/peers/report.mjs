// Shared by all peers: the parsed report in memory, and the page that a question requests. A question with namespaces
// fetches its report without caching it: that is the cold case.

import { createServer } from 'node:http';
import { Pool } from 'undici';

const pool = new Pool(process.env.SCALEOPS_URL, { connections: 8 });
let kept;

/** @param {{ namespaces?: { names: string[] } }} [filter] */
export function loadReport(filter) {
  if (filter?.namespaces != null) return fetchReport(filter.namespaces.names);
  return (kept ??= fetchReport([]));
}

async function fetchReport(namespaces) {
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: '/detailedCostReport/getWorkloads?multiCluster=true',
    headers: { authorization: 'Bearer bench', 'content-type': 'application/json' },
    body: JSON.stringify({ namespaces }),
  });
  if (statusCode !== 200) throw new Error(`upstream: HTTP ${statusCode}`);
  return JSON.parse(await body.text()).aggregatedWorkloads;
}

/** The first rows above the minimum cost, and the number of all of them. */
export function toPage(rows, { first, where }) {
  const least = where?.minTotalCost;
  const fitting = least == null ? rows : rows.filter(({ totalCost }) => totalCost !== null && totalCost >= least);
  return { totalCount: fitting.length, nodes: fitting.slice(0, first) };
}

/** A server on node:http alone: passes each parsed body to `answer`, which returns text or bytes. */
export function serve(answer) {
  const server = createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', async () => {
      const bytes = await answer(Buffer.concat(pieces).toString());
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) });
      response.end(bytes);
    });
  });
  server.listen(Number(process.env.PORT), '127.0.0.1');
}
