// The limit of node:http: the same prepared bytes for every request.

import { createServer } from 'node:http';
import { answer } from './hand-written.mjs';

let bytes;

createServer(async (request, response) => {
  if (bytes === undefined) {
    const pieces = await request.toArray();
    bytes = Buffer.from(await answer(Buffer.concat(pieces).toString()));
  } else request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}).listen(Number(process.env.PORT), '127.0.0.1');
