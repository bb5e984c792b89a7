// An upstream in its own thread, so that it does not block the event loop of its client. It responds to every call with
// the same text.

import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';

const plain = Buffer.from(workerData);
const zipped = gzipSync(plain, { level: 1 });
const server = createServer((request, response) => {
  request.resume();
  const isZipped = parentPort !== null && request.headers['accept-encoding']?.includes('gzip') && zips;
  response.setHeader('content-type', 'application/json');
  if (isZipped) response.setHeader('content-encoding', 'gzip');
  response.end(isZipped ? zipped : plain);
});
let zips = false;
parentPort?.on('message', (message) => (zips = message.zips));
server.listen(0, '127.0.0.1', () => parentPort?.postMessage(server.address().port));
