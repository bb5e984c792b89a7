// What all peers share: the report, kept as it was parsed, and the page of it that a question asks for. Where a question
// names namespaces, its report is fetched and not cached: that is the cold case, and caching would only cost.

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

/** The first rows of those that cost enough, and how many there are of these. */
export function toPage(rows, { first, where }) {
  const least = where?.minTotalCost;
  const fitting = least == null ? rows : rows.filter(({ totalCost }) => totalCost !== null && totalCost >= least);
  return { totalCount: fitting.length, nodes: fitting.slice(0, first) };
}

/** A server on node:http alone: gives each parsed body to `answer`, which gives text or bytes. */
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
