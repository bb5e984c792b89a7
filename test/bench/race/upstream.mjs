// ScaleOps as fast as possible: a report of the simulator's fleet, made once and sent unchanged to every request. With
// LARGE_ROWS, a request with namespaces gets the large report.

import { createServer } from 'node:http';

import { fetchFleet } from '../fleet.mjs';

const { ROWS, LARGE_ROWS } = process.env;
const report = Buffer.from(await fetchFleet(Number(ROWS)));
const large = LARGE_ROWS === undefined ? report : Buffer.from(await fetchFleet(Number(LARGE_ROWS)));

const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const bytes = Buffer.concat(pieces).includes('"namespaces":["n-') ? large : report;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  });
});
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
process.once('disconnect', () => process.exit());
