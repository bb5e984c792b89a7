// ScaleOps as fast as it can be: a report of the simulator's fleet, made once, sent as it is to every request. Where there
// is a large one (LARGE_ROWS), who asks for a namespace gets that.

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
